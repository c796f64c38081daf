-- es.append as in 0027_last_batch.sql, but what comes alone, one command of one stream, needs no scans and joins of
-- arrays: to start them took a tenth of the time that such a command takes. Most are alone where nobody hurries.
CREATE OR REPLACE FUNCTION es.append(
  c_k int[], c_stream uuid[], c_kind text[], c_expected int[], c_n int[], c_before int[], c_hash bytea[],
  e_c int[], e_type text[], e_at timestamptz[], e_payload bytea[], e_meta bytea[], e_hash bytea[],
  k_t int[], k_id uuid[], k_print bytea[], k_n int[], k_before int[], k_tbefore int[],
  t_tenant int[], t_n int[], t_root bytea[], b_root bytea)
RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, es AS $$
DECLARE
  head bigint; number bigint; th bigint[]; continued bigint; begun bigint; tenant_head bigint;
BEGIN
  -- The only serialisation point. READ COMMITTED: the next statement's snapshot is taken after it is held.
  PERFORM pg_advisory_xact_lock(7001);
  INSERT INTO es.batch (batch, first_pos, last_pos, root, chain)
    SELECT b.batch + 1, b.last_pos + 1, b.last_pos + cardinality(e_c), b_root,
      sha256(b.chain || int8send(b.last_pos + 1) || b_root)
    FROM es.batch b ORDER BY b.batch DESC LIMIT 1
    RETURNING batch, first_pos - 1 INTO number, head;
  IF NOT FOUND THEN
    INSERT INTO es.batch (batch, first_pos, last_pos, root, chain)
      VALUES (1, 1, cardinality(e_c), b_root, sha256(int8send(1) || b_root))
      RETURNING batch, first_pos - 1 INTO number, head;
  END IF;
  IF cardinality(c_stream) = 1 THEN
    -- The same rows by plain values.
    INSERT INTO es.tenant_batch (tenant_id, batch, first_tpos, tpos, chain)
      SELECT t_tenant[1], number, coalesce(l.tpos, 0) + 1, coalesce(l.tpos, 0) + t_n[1],
        sha256(coalesce(l.chain, '') || int8send(coalesce(l.tpos, 0) + 1) || t_root[1])
      FROM (VALUES (1)) one LEFT JOIN LATERAL (SELECT t.tpos, t.chain FROM es.tenant_batch t
        WHERE t.tenant_id = t_tenant[1] ORDER BY t.batch DESC LIMIT 1) l ON true
      RETURNING first_tpos - 1 INTO tenant_head;
    IF cardinality(e_c) = 1 THEN
      INSERT INTO es.event (pos, tpos, tenant_id, stream_id, version, type, at, payload, meta, hash)
        VALUES (head + 1, tenant_head + 1, t_tenant[1], c_stream[1], c_expected[1] + 1, e_type[1], e_at[1], e_payload[1],
          e_meta[1], e_hash[1]);
    ELSE
      INSERT INTO es.event (pos, tpos, tenant_id, stream_id, version, type, at, payload, meta, hash)
        SELECT head + x.o, tenant_head + x.o, t_tenant[1], c_stream[1], c_expected[1] + x.o, x.ty, x.at, x.pl, x.me,
          x.ha
        FROM unnest(e_type, e_at, e_payload, e_meta, e_hash) WITH ORDINALITY x(ty, at, pl, me, ha, o);
    END IF;
    UPDATE es.stream s SET version = c_expected[1] + c_n[1], last_pos = head + c_n[1], last_hash = c_hash[1]
      WHERE s.stream_id = c_stream[1] AND s.tenant_id = t_tenant[1] AND s.version = c_expected[1];
    IF NOT FOUND THEN
      IF c_expected[1] NOT IN (0, -1) THEN
        RAISE EXCEPTION 'the stream has moved on' USING ERRCODE = 'VB001';
      END IF;
      INSERT INTO es.stream (stream_id, tenant_id, kind, version, first_pos, last_pos, last_hash)
        VALUES (c_stream[1], t_tenant[1], c_kind[1], c_expected[1] + c_n[1], head + 1, head + c_n[1], c_hash[1]);
    END IF;
    INSERT INTO es.command (tenant_id, command_id, fingerprint, first_pos, last_pos, tpos)
      VALUES (t_tenant[1], k_id[1], k_print[1], head + 1, head + k_n[1], tenant_head + k_n[1]);
    RETURN ARRAY[head, tenant_head];
  END IF;

  WITH made AS (
    INSERT INTO es.tenant_batch (tenant_id, batch, first_tpos, tpos, chain)
      SELECT q.te, number, coalesce(l.tpos, e.tpos, 0) + 1, coalesce(l.tpos, e.tpos, 0) + q.n,
        sha256(coalesce(l.chain, e.chain, '') || int8send(coalesce(l.tpos, e.tpos, 0) + 1) || q.root)
      FROM unnest(t_tenant, t_n, t_root) q(te, n, root)
      LEFT JOIN LATERAL (SELECT t.tpos, t.chain FROM es.tenant_batch t
        WHERE t.tenant_id = q.te AND t.batch >= number - 8 ORDER BY t.batch DESC LIMIT 1) l ON true
      LEFT JOIN LATERAL (SELECT t.tpos, t.chain FROM es.tenant_batch t
        WHERE l.tpos IS NULL AND t.tenant_id = q.te ORDER BY t.batch DESC LIMIT 1) e ON true
      RETURNING tenant_id, first_tpos - 1 AS before)
  SELECT array_agg(made.before ORDER BY made.tenant_id) INTO th FROM made;  -- t_tenant ascends

  INSERT INTO es.event (pos, tpos, tenant_id, stream_id, version, type, at, payload, meta, hash)
    SELECT head + x.o, th[k_t[c_k[x.c]]] + k_tbefore[c_k[x.c]] + x.o - k_before[c_k[x.c]],
      t_tenant[k_t[c_k[x.c]]], c_stream[x.c], c_expected[x.c] + x.o - c_before[x.c], x.ty, x.at, x.pl, x.me, x.ha
    FROM unnest(e_c, e_type, e_at, e_payload, e_meta, e_hash) WITH ORDINALITY x(c, ty, at, pl, me, ha, o);
  UPDATE es.stream s SET version = q.ex + q.n, last_pos = head + q.before + q.n, last_hash = q.ha
    FROM unnest(c_stream, c_k, c_expected, c_n, c_before, c_hash) q(st, k, ex, n, before, ha)
    WHERE s.stream_id = q.st AND s.tenant_id = t_tenant[k_t[q.k]] AND s.version = q.ex;
  GET DIAGNOSTICS continued = ROW_COUNT;
  IF continued < cardinality(c_stream) THEN
    -- A new stream begins at version 1, or at 0 where the `eventsourcing` library writes one of its own.
    INSERT INTO es.stream (stream_id, tenant_id, kind, version, first_pos, last_pos, last_hash)
      SELECT q.st, t_tenant[k_t[q.k]], q.ki, q.ex + q.n, head + q.before + 1, head + q.before + q.n, q.ha
      FROM unnest(c_stream, c_k, c_kind, c_expected, c_n, c_before, c_hash) q(st, k, ki, ex, n, before, ha)
      WHERE q.ex IN (0, -1);
    GET DIAGNOSTICS begun = ROW_COUNT;
    IF continued + begun <> cardinality(c_stream) THEN
      RAISE EXCEPTION 'a stream of this batch has moved on' USING ERRCODE = 'VB001';
    END IF;
  END IF;
  INSERT INTO es.command (tenant_id, command_id, fingerprint, first_pos, last_pos, tpos)
    SELECT t_tenant[q.t], q.id, q.pr, head + q.before + 1, head + q.before + q.n, th[q.t] + q.tbefore + q.n
    FROM unnest(k_t, k_id, k_print, k_n, k_before, k_tbefore) q(t, id, pr, n, before, tbefore);
  RETURN head || th;
END $$;
