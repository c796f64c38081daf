-- What one browser reports at once is one row: fifty events cost one row and one index entry instead of fifty of each.
-- track.event is read as before; it is a view now.
-- events: [{"i": the last half of event_id in hexadecimal, "n": name, "t": at, "u": url, "h": title (heading),
--   "r": referrer, "p": props}]; what is null may be left out. Short names: each is written to disk fifty times.
-- scope: the first half of each event_id, in hexadecimal.
CREATE TABLE track.beacon (
  day date NOT NULL, tenant_id int NOT NULL, visitor_id uuid NOT NULL, widget_id uuid NOT NULL, session_id text NOT NULL,
  is_proven boolean NOT NULL, scope text NOT NULL, events json NOT NULL
) PARTITION BY RANGE (day);
-- To compress them would cost as much as all the rest, for what is gone after some weeks.
ALTER TABLE track.beacon ALTER COLUMN events SET STORAGE EXTERNAL;
CREATE INDEX ON track.beacon (tenant_id, visitor_id);
CREATE INDEX ON track.beacon (tenant_id, session_id) WHERE NOT is_proven;

SELECT es.protect('track.beacon');
GRANT INSERT ON track.beacon TO verbatim_worker;
GRANT DELETE ON track.beacon TO verbatim_api, verbatim_worker;

-- Partitions for these days, both included; how many were missing.
CREATE OR REPLACE FUNCTION track.make_partitions(first date, last date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, track AS $$
DECLARE one date; kind text; part text; made int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(7012);
  FOR one IN SELECT generate_series(first, last, interval '1 day')::date LOOP
    FOREACH kind IN ARRAY ARRAY['beacon', 'tally'] LOOP
      part := format('%s_%s', kind, to_char(one, 'YYYYMMDD'));
      CONTINUE WHEN to_regclass('track.' || part) IS NOT NULL;
      -- Made beside and attached: CREATE .. PARTITION OF would wait for every reader.
      EXECUTE format('CREATE TABLE track.%I (LIKE track.%I INCLUDING DEFAULTS INCLUDING STORAGE)', part, kind);
      EXECUTE format('ALTER TABLE track.%I ATTACH PARTITION track.%I FOR VALUES FROM (%L) TO (%L)',
        kind, part, one, one + 1);
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

-- Drops every day before this one; how many partitions that were. CASE: PostgreSQL may look at a relation's name before
-- it knows whose partition it is, and other names are no dates.
CREATE OR REPLACE FUNCTION track.drop_partitions(before date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, track AS $$
DECLARE part text; dropped int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(7012);
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE CASE WHEN i.inhparent IN ('track.beacon'::regclass, 'track.tally'::regclass)
      THEN to_date(right(c.relname, 8), 'YYYYMMDD') < before END ORDER BY 1 LOOP
    EXECUTE format('DROP TABLE track.%I', part);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;

SELECT track.make_partitions(min(day), max(day)) FROM track.event HAVING count(*) > 0;
SELECT track.make_partitions((now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date + 7);

-- Fifty to a row, as they come now. U+0000, which props could hold and JSON is not read with, goes.
INSERT INTO track.beacon (day, tenant_id, visitor_id, widget_id, session_id, is_proven, scope, events)
  SELECT day, tenant_id, visitor_id, widget_id, session_id, is_proven, left(id, 16), json_agg(json_build_object(
      'i', right(id, 16), 'n', name, 't', at, 'u', url, 'h', title, 'r', referrer,
      'p', CASE WHEN strpos(props::text, '\u0000') = 0 THEN props END) ORDER BY at)
    FROM (SELECT *, encode(uuid_send(event_id), 'hex') AS id, (row_number() OVER (PARTITION BY day, tenant_id, visitor_id,
      widget_id, session_id, is_proven, left(encode(uuid_send(event_id), 'hex'), 16) ORDER BY at) - 1) / 50 AS part
      FROM track.event) e
    GROUP BY day, tenant_id, visitor_id, widget_id, session_id, is_proven, left(id, 16), part;
DROP TABLE track.event;

CREATE VIEW track.event WITH (security_invoker = true) AS
  SELECT b.day, b.tenant_id, b.visitor_id, (b.scope || e.i)::uuid AS event_id, b.widget_id, b.session_id, b.is_proven,
    e.n AS name, e.t AS at, e.u AS url, e.h AS title, e.r AS referrer, e.p AS props
  FROM track.beacon b CROSS JOIN LATERAL json_to_recordset(b.events)
    AS e(i text, n text, t timestamptz, u text, h text, r text, p json);
GRANT SELECT ON track.event TO verbatim_api, verbatim_worker;
