-- Credentials: hashes only, no plaintext personal value, nothing of it ever in the event log.
-- A look-up by hash runs before the tenant is known, as verbatim_worker; every other statement names the tenant.

CREATE TABLE access.signing_key (
  kid text PRIMARY KEY, sealed bytea NOT NULL, at timestamptz NOT NULL DEFAULT now(), retired_at timestamptz
);
CREATE UNIQUE INDEX one_current ON access.signing_key ((true)) WHERE retired_at IS NULL;

-- email_key: HMAC-SHA256 of the lower-cased address under the installation's secret; one login per address.
CREATE TABLE access.password (
  email_key bytea PRIMARY KEY, tenant_id int NOT NULL, agent_id uuid NOT NULL UNIQUE, hash text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE access.session (
  session_id uuid PRIMARY KEY, tenant_id int NOT NULL, agent_id uuid NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(), revoked_at timestamptz, why text
);
CREATE INDEX ON access.session (tenant_id, agent_id);

-- A session's tokens are its family: one is used once, and a second use ends the session.
CREATE TABLE access.refresh_token (
  hash bytea PRIMARY KEY, tenant_id int NOT NULL,
  session_id uuid NOT NULL REFERENCES access.session ON DELETE CASCADE,
  parent bytea, expires_at timestamptz NOT NULL, used_at timestamptz
);
CREATE INDEX ON access.refresh_token (session_id);
CREATE INDEX ON access.refresh_token (expires_at);

CREATE TABLE access.widget_token (
  token_id uuid PRIMARY KEY, tenant_id int NOT NULL, widget_id uuid NOT NULL, hash bytea NOT NULL UNIQUE,
  at timestamptz NOT NULL DEFAULT now(), not_after timestamptz, revoked_at timestamptz
);
CREATE INDEX ON access.widget_token (tenant_id, widget_id);

CREATE TABLE access.visitor_token (
  hash bytea PRIMARY KEY, tenant_id int NOT NULL, contact_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL, revoked_at timestamptz
);
CREATE INDEX ON access.visitor_token (tenant_id, contact_id);
CREATE INDEX ON access.visitor_token (expires_at);

SELECT es.protect('access.password'), es.protect('access.session'), es.protect('access.refresh_token'),
  es.protect('access.widget_token'), es.protect('access.visitor_token');
GRANT INSERT, UPDATE ON access.password, access.session, access.refresh_token, access.widget_token,
  access.visitor_token TO verbatim_api, verbatim_worker;
GRANT DELETE ON access.password, access.session, access.refresh_token, access.visitor_token TO verbatim_worker;
GRANT SELECT, INSERT, UPDATE ON access.signing_key TO verbatim_worker;

-- What the log says of one stream, newest first: the log is the only place that knows a role or a widget's sites.
CREATE FUNCTION access.facts(tenant int, stream uuid) RETURNS TABLE (version int, type text, facts jsonb)
LANGUAGE sql STABLE AS $$
  SELECT e.version, e.type, convert_from(e.payload, 'UTF8')::jsonb FROM es.stream s
  JOIN es.event e ON e.stream_id = s.stream_id AND e.pos BETWEEN s.first_pos AND s.last_pos
  WHERE s.stream_id = stream AND s.tenant_id = tenant AND e.tenant_id = tenant ORDER BY e.version DESC
$$;
-- The role an agent has now, NULL for one who was deactivated or never was.
CREATE FUNCTION access.role_of(tenant int, agent uuid) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN bool_or(f.type LIKE 'agent.deactivated.%') THEN NULL
    ELSE (array_agg(f.facts ->> 'role' ORDER BY f.version DESC) FILTER (WHERE f.facts ? 'role'))[1] END
  FROM access.facts(tenant, agent) f WHERE f.type LIKE 'agent.%'
$$;
-- The sites that may embed a widget now; empty means any.
CREATE FUNCTION access.origins_of(tenant int, widget uuid) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY(SELECT jsonb_array_elements_text(newest.look -> 'origins') FROM (
    SELECT f.facts -> 'look' AS look FROM access.facts(tenant, widget) f
    WHERE f.type LIKE 'widget.%' AND f.facts ? 'look' ORDER BY f.version DESC LIMIT 1) newest
    WHERE jsonb_typeof(newest.look -> 'origins') = 'array')
$$;
GRANT EXECUTE ON FUNCTION access.facts, access.role_of, access.origins_of TO verbatim_api, verbatim_worker;
