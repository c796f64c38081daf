-- Visitors: with which secrets a tenant signs who somebody is, and which pages visitors looked at.

-- sealed: AES-256-GCM under a key of the installation's master secret. A revoked one stays, to tell its tokens apart.
CREATE TABLE access.identity_secret (
  secret_id uuid PRIMARY KEY, tenant_id int NOT NULL, sealed bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT now(), revoked_at timestamptz
);
CREATE INDEX ON access.identity_secret (tenant_id, at);
SELECT es.protect('access.identity_secret');
GRANT INSERT, UPDATE ON access.identity_secret TO verbatim_api, verbatim_worker;

-- Raw tracking is not in the log: it is much, it is personal, and it goes after some weeks.
-- contact_id is NULL where a browser came without a visitor token: its session is only a label, and proves nothing.
CREATE SCHEMA visits;
GRANT USAGE ON SCHEMA visits TO verbatim_api, verbatim_worker;
CREATE TABLE visits.page_view (
  tenant_id int NOT NULL, session_id text NOT NULL, event_id text NOT NULL, contact_id uuid, widget_id uuid,
  at timestamptz NOT NULL, url text NOT NULL, title text, referrer text,
  PRIMARY KEY (tenant_id, session_id, event_id)
);
CREATE INDEX ON visits.page_view (tenant_id, contact_id, at) WHERE contact_id IS NOT NULL;
CREATE INDEX ON visits.page_view (at);
SELECT es.protect('visits.page_view');
GRANT INSERT ON visits.page_view TO verbatim_api, verbatim_worker;
GRANT DELETE ON visits.page_view TO verbatim_api, verbatim_worker;
