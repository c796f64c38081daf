-- Logging in with a company's account: the sealed secrets of tenants' OpenID clients, and logins on their way.

CREATE TABLE access.login_secret (
  tenant_id int NOT NULL, secret_id uuid NOT NULL, sealed bytea NOT NULL, at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, secret_id)
);

-- A row is made when a browser comes back from the provider: whoever makes it spends the state, once.
-- agent_id, proven_at   who they turned out to be; then the page that waits takes its session, once (taken_at)
CREATE TABLE access.company_login (
  state bytea PRIMARY KEY, tenant_id int NOT NULL, at timestamptz NOT NULL DEFAULT now(),
  agent_id uuid, proven_at timestamptz, taken_at timestamptz
);
CREATE INDEX ON access.company_login (at);

SELECT es.protect('access.login_secret'), es.protect('access.company_login');
GRANT INSERT ON access.login_secret TO verbatim_api, verbatim_worker;
GRANT INSERT, UPDATE ON access.company_login TO verbatim_api, verbatim_worker;
GRANT DELETE ON access.company_login TO verbatim_worker;
