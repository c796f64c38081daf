-- Tracking: what browsers report, beside the log. Much, personal, and gone after VERBATIM_TRACKING_DAYS.
-- It takes the place of visits.page_view, which no route ever wrote to.
DROP SCHEMA visits CASCADE;
CREATE SCHEMA track;
GRANT USAGE ON SCHEMA track TO verbatim_api, verbatim_worker;

-- One partition per day of arrival (UTC): what is too old is dropped, never searched for.
-- is_proven: a visitor token named the visitor; else they are new, and only the session's label tells who it may be.
CREATE TABLE track.event (
  day date NOT NULL, tenant_id int NOT NULL, visitor_id uuid NOT NULL, event_id uuid NOT NULL, widget_id uuid NOT NULL,
  session_id text NOT NULL, is_proven boolean NOT NULL, name text NOT NULL, at timestamptz NOT NULL,
  url text, title text, referrer text, props json
) PARTITION BY RANGE (day);
CREATE INDEX ON track.event (tenant_id, visitor_id, at);
CREATE INDEX ON track.event (tenant_id, session_id) WHERE NOT is_proven;

-- How often what was reported without consent: no visitor, no session, no address. A row per group commit.
CREATE TABLE track.tally (
  day date NOT NULL, tenant_id int NOT NULL, name text NOT NULL, number int NOT NULL
) PARTITION BY RANGE (day);
CREATE INDEX ON track.tally (tenant_id);

-- Which events are here already. event_id is a keyed hash of (tenant, visitor or session, the client's id).
CREATE TABLE track.seen (
  tenant_id int NOT NULL, event_id uuid NOT NULL, day date NOT NULL, PRIMARY KEY (tenant_id, event_id)
);
CREATE INDEX ON track.seen USING brin (day) WITH (autosummarize = on);

-- Who is on the site now. Unlogged: after a crash it is empty, and full again within a heartbeat.
CREATE UNLOGGED TABLE track.online (
  tenant_id int NOT NULL, visitor_id uuid NOT NULL, since timestamptz NOT NULL, seen_at timestamptz NOT NULL,
  url text, title text, referrer text, PRIMARY KEY (tenant_id, visitor_id)
) WITH (fillfactor = 50);
CREATE INDEX ON track.online (tenant_id, since, visitor_id);

SELECT es.protect('track.event'), es.protect('track.tally'), es.protect('track.online'), es.protect('track.seen');
GRANT INSERT ON track.event, track.tally, track.seen, track.online TO verbatim_worker;
GRANT UPDATE ON track.online TO verbatim_worker;
GRANT DELETE ON track.event, track.online TO verbatim_api, verbatim_worker;
GRANT DELETE ON track.seen TO verbatim_worker;

-- Partitions for these days, both included; how many were missing.
CREATE FUNCTION track.make_partitions(first date, last date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, track AS $$
DECLARE one date; kind text; part text; made int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(7012);
  FOR one IN SELECT generate_series(first, last, interval '1 day')::date LOOP
    FOREACH kind IN ARRAY ARRAY['event', 'tally'] LOOP
      part := format('%s_%s', kind, to_char(one, 'YYYYMMDD'));
      CONTINUE WHEN to_regclass('track.' || part) IS NOT NULL;
      -- Made beside and attached: CREATE .. PARTITION OF would wait for every reader.
      EXECUTE format('CREATE TABLE track.%I (LIKE track.%I INCLUDING DEFAULTS)', part, kind);
      EXECUTE format('ALTER TABLE track.%I ATTACH PARTITION track.%I FOR VALUES FROM (%L) TO (%L)',
        kind, part, one, one + 1);
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

-- Drops every day before this one; how many partitions that were.
CREATE FUNCTION track.drop_partitions(before date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, track AS $$
DECLARE part text; dropped int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(7012);
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent IN ('track.event'::regclass, 'track.tally'::regclass)
      AND to_date(right(c.relname, 8), 'YYYYMMDD') < before ORDER BY 1 LOOP
    EXECUTE format('DROP TABLE track.%I', part);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;

REVOKE ALL ON FUNCTION track.make_partitions, track.drop_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION track.make_partitions, track.drop_partitions TO verbatim_worker;
SELECT track.make_partitions((now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date + 7);
