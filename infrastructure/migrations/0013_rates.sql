-- How often somebody asked lately, for rate limits: a sliding window per key, counted by all processes together.
-- Unlogged: a crash of the server forgets it, which only lets somebody ask once more. A key begins with its tenant.
CREATE SCHEMA rates;
GRANT USAGE ON SCHEMA rates TO verbatim_api, verbatim_worker;
-- slot: which window since the epoch `current` belongs to; `previous` is the window before it
CREATE UNLOGGED TABLE rates.hits (
  key text PRIMARY KEY, slot bigint NOT NULL, current int NOT NULL, previous int NOT NULL, granted boolean NOT NULL,
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
CREATE INDEX ON rates.hits (expires_at);

-- One request against its keys in their order, one upsert each; the first that has no room ends it, so whoever asks
-- too often uses up nobody else's room. Everybody takes the keys in the same order, so nobody deadlocks.
-- Answers for each key that was asked: room found, both windows' counts, and how much of the previous one still
-- counts (1 to 0).
CREATE FUNCTION rates.hit(keys text[], limits int[], spans int[], cost int)
RETURNS TABLE (granted boolean, previous int, current int, rest float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, rates AS $$
#variable_conflict use_column
DECLARE moment float8 := extract(epoch FROM clock_timestamp()); place int; now_slot bigint; share float8;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);  -- nobody waits for a disk because of a counter
  FOR place IN 1 .. cardinality(keys) LOOP
    now_slot := floor(moment / spans[place]);
    share := 1 - (moment / spans[place] - now_slot);
    INSERT INTO rates.hits AS h (key, slot, current, previous, granted, expires_at)
      VALUES (keys[place], now_slot, CASE WHEN cost <= limits[place] THEN cost ELSE 0 END, 0, cost <= limits[place],
        to_timestamp((now_slot + 2) * spans[place]))
      ON CONFLICT (key) DO UPDATE SET (slot, current, previous, granted, expires_at) = (
        SELECT x.slot, CASE WHEN x.fits THEN x.c + cost ELSE x.c END, x.p, x.fits, to_timestamp((x.slot + 2) * spans[place])
        FROM (SELECT w.slot, w.c, w.p, floor(w.p * share) + w.c + cost <= limits[place] AS fits
          -- a clock that runs behind another one's counts in the later window
          FROM (SELECT greatest(h.slot, now_slot) AS slot, CASE WHEN h.slot >= now_slot THEN h.current ELSE 0 END AS c,
            CASE WHEN h.slot >= now_slot THEN h.previous WHEN h.slot = now_slot - 1 THEN h.current ELSE 0 END AS p) w) x)
      RETURNING h.granted, h.previous, h.current INTO granted, previous, current;
    rest := share;
    RETURN NEXT;
    EXIT WHEN NOT granted;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION rates.hit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rates.hit TO verbatim_api, verbatim_worker;
GRANT SELECT, DELETE ON rates.hits TO verbatim_worker;
