-- One 256-bit key per data subject, wrapped by the tenant's key, which is wrapped by the installation's master key.
-- Deleting a row is erasure. Keep this schema's backups short: a restored backup must not bring keys back.
CREATE TABLE keys.tenant (tenant_id int PRIMARY KEY, wrapped bytea NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE keys.subject (
  subject_id uuid NOT NULL, tenant_id int NOT NULL, wrapped bytea NOT NULL, at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subject_id, tenant_id)
);
SELECT es.protect('keys.tenant'), es.protect('keys.subject');
GRANT INSERT ON keys.tenant, keys.subject TO verbatim_api, verbatim_worker;
GRANT DELETE ON keys.subject TO verbatim_api, verbatim_worker;
