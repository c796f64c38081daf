-- People and keys: invitations, API keys, identity providers, and how often a login was tried in vain.
-- Hashes only. A look-up by hash, and every step of a login, runs before the tenant is known, as verbatim_worker.

-- A one-time link. Void: a newer one was made.
CREATE TABLE access.invitation (
  hash bytea PRIMARY KEY, tenant_id int NOT NULL, agent_id uuid NOT NULL, email_key bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL, used_at timestamptz, void_at timestamptz
);
CREATE INDEX ON access.invitation (tenant_id, agent_id);

-- hint: the last four characters, by which people tell their keys apart.
CREATE TABLE access.api_key (
  key_id uuid PRIMARY KEY, tenant_id int NOT NULL, hash bytea NOT NULL UNIQUE, hint text NOT NULL,
  name text NOT NULL, scopes text[] NOT NULL, at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz
);
CREATE INDEX ON access.api_key (tenant_id, key_id);

-- An issuer's tokens for one audience speak of one tenant's people.
CREATE TABLE access.issuer (
  tenant_id int PRIMARY KEY, issuer text NOT NULL, audience text NOT NULL, jwks_url text NOT NULL,
  role_claim text, default_role text, at timestamptz NOT NULL DEFAULT now(), UNIQUE (issuer, audience)
);

SELECT es.protect('access.invitation'), es.protect('access.api_key'), es.protect('access.issuer');
GRANT INSERT, UPDATE ON access.invitation, access.api_key, access.issuer TO verbatim_api, verbatim_worker;
GRANT DELETE ON access.issuer TO verbatim_api, verbatim_worker;
GRANT DELETE ON access.invitation TO verbatim_worker;

-- Which visitors were shown out lately: asked every second, whatever the number of sockets.
CREATE INDEX ON access.visitor_token (revoked_at) WHERE revoked_at IS NOT NULL;

-- Failed logins of the last minutes, one row per account or address; keys are HMACs, no address is in clear.
CREATE TABLE access.login_window (
  kind text NOT NULL, key bytea NOT NULL, failures timestamptz[] NOT NULL DEFAULT '{}', PRIMARY KEY (kind, key)
);
-- Where an account was logged in from: strangers who guess cannot lock its owner out there.
CREATE TABLE access.known_address (
  account bytea NOT NULL, address bytea NOT NULL, at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, address)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON access.login_window, access.known_address TO verbatim_worker;

-- What is left of a window, oldest first; the row stays locked until the caller's transaction ends.
CREATE FUNCTION access.recent_failures(wanted_kind text, wanted_key bytea, since timestamptz) RETURNS timestamptz[]
LANGUAGE plpgsql AS $$
DECLARE found timestamptz[];
BEGIN
  INSERT INTO access.login_window (kind, key) VALUES (wanted_kind, wanted_key) ON CONFLICT DO NOTHING;
  SELECT failures INTO found FROM access.login_window
    WHERE kind = wanted_kind AND key = wanted_key FOR UPDATE;
  RETURN ARRAY(SELECT one FROM unnest(found) one WHERE one > since ORDER BY one);
END $$;

-- Counts a try as failed before it is known to be, so that many at once are not more than one after the other.
-- wait: seconds until a place is free, 0 where this try has one (counted at `counted`). The address is locked
-- first by everybody, so nobody waits in a circle. An address that the account knows has a window of its own.
CREATE FUNCTION access.begin_login(
  who bytea, there bytea, who_there bytea, who_limit int, there_limit int, span interval,
  OUT wait int, OUT counted timestamptz, OUT window_key bytea
) LANGUAGE plpgsql AS $$
DECLARE of_address timestamptz[]; of_account timestamptz[];
BEGIN
  of_address := access.recent_failures('address', there, clock_timestamp() - span);
  window_key := CASE WHEN EXISTS (SELECT FROM access.known_address k WHERE k.account = who AND k.address = there)
    THEN who_there ELSE who END;
  of_account := access.recent_failures('account', window_key, clock_timestamp() - span);
  counted := clock_timestamp();
  wait := greatest(
    CASE WHEN cardinality(of_address) >= there_limit
      THEN ceil(extract(epoch FROM of_address[1 + cardinality(of_address) - there_limit] + span - counted)) END,
    CASE WHEN cardinality(of_account) >= who_limit
      THEN ceil(extract(epoch FROM of_account[1 + cardinality(of_account) - who_limit] + span - counted)) END, 0);
  IF wait > 0 THEN RETURN; END IF;
  UPDATE access.login_window SET failures = of_address || counted WHERE kind = 'address' AND key = there;
  UPDATE access.login_window SET failures = of_account || counted WHERE kind = 'account' AND key = window_key;
END $$;

-- The role an agent has now, NULL for one who is deactivated or never was. Their comings and goings are not read.
CREATE OR REPLACE FUNCTION access.role_of(tenant int, agent uuid) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN (array_agg(f.type ORDER BY f.version DESC)
      FILTER (WHERE f.type NOT LIKE 'agent.role_changed.%'))[1] LIKE 'agent.deactivated.%' THEN NULL
    ELSE (array_agg(convert_from(f.payload, 'UTF8')::jsonb ->> 'role' ORDER BY f.version DESC)
      FILTER (WHERE f.type LIKE ANY ('{agent.invited.%,agent.role_changed.%}')))[1] END
  FROM (SELECT e.version, e.type, e.payload FROM es.stream s
    JOIN es.event e ON e.stream_id = s.stream_id AND e.pos BETWEEN s.first_pos AND s.last_pos
    WHERE s.stream_id = agent AND s.tenant_id = tenant AND e.tenant_id = tenant AND e.type LIKE ANY
      ('{agent.invited.%,agent.role_changed.%,agent.deactivated.%,agent.reactivated.%}')) f
$$;
REVOKE ALL ON FUNCTION access.recent_failures, access.begin_login FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.recent_failures, access.begin_login TO verbatim_worker;
