-- Many requests against their keys in one statement: what rates.hit does for each of them, in their order.
-- sizes: how many of the keys each request has. Batches of several processes wait for each other instead of
-- deadlocking: missing rows are made first, in the order of their keys, then all are locked, in the same order.
CREATE FUNCTION rates.hit_together(sizes int[], keys text[], limits int[], spans int[])
RETURNS TABLE (request int, granted boolean, previous int, current int, rest float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, rates AS $$
#variable_conflict use_column
DECLARE first int := 1; last int; number int;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  INSERT INTO rates.hits (key, slot, current, previous, granted, expires_at)
    SELECT DISTINCT k.key, 0, 0, 0, true, now() + interval '1 minute' FROM unnest(keys) AS k(key) ORDER BY k.key
    ON CONFLICT (key) DO NOTHING;
  PERFORM FROM rates.hits h WHERE h.key = ANY (keys) ORDER BY h.key FOR UPDATE;
  FOR number IN 1 .. cardinality(sizes) LOOP
    last := first + sizes[number] - 1;
    RETURN QUERY SELECT number, h.* FROM rates.hit(keys[first:last], limits[first:last], spans[first:last], 1) h;
    first := last + 1;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION rates.hit_together FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rates.hit_together TO verbatim_api, verbatim_worker;
