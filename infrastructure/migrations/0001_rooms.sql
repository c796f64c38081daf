-- Schemas and the two roles the program works in. Neither may change or delete an event.
--   verbatim_api     sees one tenant per transaction (row-level security on the setting verbatim.tenant)
--   verbatim_worker  relay, projector, reactors, audit: sees all tenants
DO $$ BEGIN CREATE ROLE verbatim_api NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE verbatim_worker NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN
  EXECUTE format('GRANT verbatim_api, verbatim_worker TO %I', current_user);
EXCEPTION WHEN unique_violation OR SQLSTATE 'XX000' THEN NULL;  -- two installations on one server at once
END $$;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO verbatim_worker', current_database()); END $$;

CREATE SCHEMA es;
CREATE SCHEMA keys;
CREATE SCHEMA access;
CREATE SCHEMA read AUTHORIZATION verbatim_worker;
GRANT USAGE ON SCHEMA es, keys, access, read TO verbatim_api, verbatim_worker;

CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA public;

-- NULL where no tenant is set: then row-level security shows nothing.
CREATE FUNCTION es.tenant() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('verbatim.tenant', true), '')::int $$;

-- Row-level security for one table with a tenant_id column: the api sees its tenant, the worker all.
CREATE FUNCTION es.protect(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY one_tenant ON %s TO verbatim_api
    USING (tenant_id = (SELECT es.tenant())) WITH CHECK (tenant_id = (SELECT es.tenant()))', target);
  EXECUTE format('CREATE POLICY all_tenants ON %s TO verbatim_worker USING (true) WITH CHECK (true)', target);
  EXECUTE format('GRANT SELECT ON %s TO verbatim_api, verbatim_worker', target);
END $$;
