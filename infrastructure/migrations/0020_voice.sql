-- Calls: the sealed tokens of tenants' accounts with providers, and who has which number now. What a call is, and how
-- it went, is in the event log; a lease is the promise that nobody else gets its number meanwhile.
CREATE SCHEMA voice;
GRANT USAGE ON SCHEMA voice TO verbatim_api, verbatim_worker;

CREATE TABLE voice.secret (
  tenant_id int NOT NULL, secret_id uuid NOT NULL, sealed bytea NOT NULL, at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, secret_id)
);

-- expires_at     when it ends if nobody releases it: a crash keeps no number for longer
-- provider_call  the provider's own name of the call, once it was heard of
CREATE TABLE voice.lease (
  tenant_id int NOT NULL, conversation_id uuid NOT NULL, contact_id uuid NOT NULL, number text NOT NULL,
  leased_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, released_at timestamptz, provider_call text,
  PRIMARY KEY (tenant_id, conversation_id)
);
-- A number is in one open call, and so is a visitor: whatever the program believes.
CREATE UNIQUE INDEX open_number ON voice.lease (tenant_id, number) WHERE released_at IS NULL;
CREATE UNIQUE INDEX open_contact ON voice.lease (tenant_id, contact_id) WHERE released_at IS NULL;
CREATE UNIQUE INDEX named_call ON voice.lease (tenant_id, provider_call) WHERE provider_call IS NOT NULL;
CREATE INDEX used_number ON voice.lease (tenant_id, number, leased_at);

SELECT es.protect('voice.secret'), es.protect('voice.lease');
GRANT INSERT ON voice.secret TO verbatim_api, verbatim_worker;
GRANT INSERT, UPDATE, DELETE ON voice.lease TO verbatim_api, verbatim_worker;
