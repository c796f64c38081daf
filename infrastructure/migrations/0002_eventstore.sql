-- The event log. `pos` is gapless, equals commit order and the JetStream sequence; `tpos` is gapless per tenant.
-- No row is updated per batch except es.stream: a counter row decays under one old snapshot (docs/benchmarks.md).

CREATE TABLE es.event (
  pos bigint NOT NULL,
  tpos bigint NOT NULL,
  tenant_id int NOT NULL,
  stream_id uuid NOT NULL,
  version int NOT NULL,
  type text NOT NULL,             -- name and schema version, never a Python path
  at timestamptz NOT NULL,        -- set by the writer, part of the hash
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),  -- forensics only, never ordering
  payload bytea NOT NULL,         -- JSON; these exact bytes are hashed; personal fields are ciphertext
  meta bytea NOT NULL,
  hash bytea NOT NULL,            -- see infrastructure/eventstore/hashing.py
  PRIMARY KEY (pos)
) PARTITION BY RANGE (pos);

CREATE TABLE es.stream (
  stream_id uuid PRIMARY KEY, tenant_id int NOT NULL, kind text NOT NULL, version int NOT NULL,
  first_pos bigint NOT NULL, last_pos bigint NOT NULL, last_hash bytea NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- root = sha256(hashes in pos order); chain = sha256(previous chain, first_pos, root)
CREATE TABLE es.batch (
  batch bigint PRIMARY KEY, first_pos bigint NOT NULL, last_pos bigint NOT NULL UNIQUE,
  root bytea NOT NULL, chain bytea NOT NULL, at timestamptz NOT NULL DEFAULT now()
);

-- the same two, over one tenant's events of the batch in tpos order
CREATE TABLE es.tenant_batch (
  tenant_id int NOT NULL, batch bigint NOT NULL, first_tpos bigint NOT NULL, tpos bigint NOT NULL,
  chain bytea NOT NULL, PRIMARY KEY (tenant_id, batch)
);

CREATE TABLE es.command (
  tenant_id int NOT NULL, command_id uuid NOT NULL, fingerprint bytea NOT NULL,
  first_pos bigint NOT NULL, last_pos bigint NOT NULL, tpos bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (tenant_id, command_id)
);

-- Raised when the log was rewound and the loss was accepted: resume tokens of an older epoch reload.
CREATE TABLE es.epoch (epoch int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), why text NOT NULL);
INSERT INTO es.epoch (epoch, why) VALUES (1, 'installed');

CREATE FUNCTION es.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the event log is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON es.event FOR EACH ROW EXECUTE FUNCTION es.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON es.event FOR EACH STATEMENT EXECUTE FUNCTION es.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON es.batch FOR EACH ROW EXECUTE FUNCTION es.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON es.batch FOR EACH STATEMENT EXECUTE FUNCTION es.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON es.tenant_batch FOR EACH ROW EXECUTE FUNCTION es.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON es.tenant_batch FOR EACH STATEMENT EXECUTE FUNCTION es.refuse_change();

-- Partitions of 20 million positions; the next is made when the current one is half full.
CREATE FUNCTION es.make_partitions(width bigint DEFAULT 20000000) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, es AS $$
DECLARE head bigint := coalesce((SELECT last_pos FROM es.batch ORDER BY batch DESC LIMIT 1), 0);
        upto bigint; made int := 0; part text;
BEGIN
  PERFORM pg_advisory_xact_lock(7002);
  upto := coalesce((SELECT max(substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''(\d+)''\)')::bigint)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'es.event'::regclass), 1);
  WHILE upto <= head + width / 2 + 1 LOOP
    part := format('event_%s', upto);
    -- Made beside and attached: CREATE .. PARTITION OF would wait for every reader, and every append behind it.
    EXECUTE format('CREATE TABLE es.%I (LIKE es.event INCLUDING DEFAULTS)', part);
    EXECUTE format('CREATE UNIQUE INDEX ON es.%I (stream_id, version)', part);
    EXECUTE format('CREATE UNIQUE INDEX ON es.%I (tenant_id, tpos)', part);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON es.%I FOR EACH STATEMENT EXECUTE FUNCTION es.refuse_change()', part);
    EXECUTE format('ALTER TABLE es.event ATTACH PARTITION es.%I FOR VALUES FROM (%s) TO (%s)', part, upto, upto + width);
    upto := upto + width; made := made + 1;
  END LOOP;
  RETURN made;
END $$;
SELECT es.make_partitions();

-- One call stores one batch of commands. Both functions take the same arguments:
--   c_* per slice (one stream of one command), e_* per event, k_* per command, t_* per tenant; c_k is a slice's command,
--   e_c an event's slice, k_t a command's tenant. The caller has counted where everything stands if the whole batch
--   goes in: offsets within the batch (before) and within each tenant's part of it (tbefore), the roots of the chains.

-- Nearly every batch goes in whole, so it is written first and looked at afterwards: a stream that has moved on, or a
-- command that was stored earlier, takes all of it back (VB001 or a unique violation), and es.append_some decides.
-- Answers the position before the batch, then each tenant's.
CREATE FUNCTION es.append(
  c_k int[], c_stream uuid[], c_kind text[], c_expected int[], c_n int[], c_before int[], c_hash bytea[],
  e_c int[], e_type text[], e_at timestamptz[], e_payload bytea[], e_meta bytea[], e_hash bytea[],
  k_t int[], k_id uuid[], k_print bytea[], k_n int[], k_before int[], k_tbefore int[],
  t_tenant int[], t_n int[], t_root bytea[], b_root bytea)
RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, es AS $$
DECLARE
  head bigint; number bigint; th bigint[]; continued bigint; begun bigint;
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
  WITH made AS (
    INSERT INTO es.tenant_batch (tenant_id, batch, first_tpos, tpos, chain)
      SELECT q.te, number, coalesce(l.tpos, 0) + 1, coalesce(l.tpos, 0) + q.n,
        sha256(coalesce(l.chain, '') || int8send(coalesce(l.tpos, 0) + 1) || q.root)
      FROM unnest(t_tenant, t_n, t_root) q(te, n, root) LEFT JOIN LATERAL (SELECT t.tpos, t.chain FROM es.tenant_batch t
        WHERE t.tenant_id = q.te ORDER BY t.batch DESC LIMIT 1) l ON true
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

-- The general case: some commands go in, some do not. Answers one row per slice; status: 0 stored, 1 version conflict,
-- 2 duplicate (the command was stored earlier), 3 same command id, other content. A command of several slices is
-- stored whole or not at all; its events stand next to each other.
CREATE FUNCTION es.append_some(
  c_k int[], c_stream uuid[], c_kind text[], c_expected int[], c_n int[], c_before int[], c_hash bytea[],
  e_c int[], e_type text[], e_at timestamptz[], e_payload bytea[], e_meta bytea[], e_hash bytea[],
  k_t int[], k_id uuid[], k_print bytea[], k_n int[], k_before int[], k_tbefore int[],
  t_tenant int[], t_n int[], t_root bytea[], b_root bytea)
RETURNS TABLE (c int, status int, first_pos bigint, last_pos bigint, tpos bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, es AS $$
#variable_conflict use_column
DECLARE
  head es.batch; ok int[]; base bigint[]; tbase bigint[]; was_first bigint[]; was_last bigint[]; was_tpos bigint[];
  total bigint; new_root bytea;
BEGIN
  PERFORM pg_advisory_xact_lock(7001);
  SELECT * INTO head FROM es.batch b ORDER BY b.batch DESC LIMIT 1;
  IF NOT FOUND THEN head.last_pos := 0; head.batch := 0; head.chain := ''; END IF;

  -- Decide which slices go in and where each starts (MATERIALIZED: every look-up runs once).
  WITH looked AS MATERIALIZED (
    SELECT q.o, q.n, t_tenant[k_t[q.k]] AS te, q.k,
      coalesce((SELECT s.tenant_id = t_tenant[k_t[q.k]] AND s.version = q.ex FROM es.stream s
        WHERE s.stream_id = q.st), q.ex IN (0, -1)) AS fits,
      (SELECT m FROM es.command m WHERE m.tenant_id = t_tenant[k_t[q.k]] AND m.command_id = k_id[q.k]) AS was,
      (SELECT t.tpos FROM es.tenant_batch t WHERE t.tenant_id = t_tenant[k_t[q.k]] ORDER BY t.batch DESC LIMIT 1) AS tp
    FROM unnest(c_stream, c_k, c_expected, c_n) WITH ORDINALITY q(st, k, ex, n, o)),
  grouped AS (
    SELECT o, te, tp, n, k, bool_and(fits) OVER w AS fits, max((was).first_pos) OVER w AS was_first,
      max((was).last_pos) OVER w AS was_last, max((was).tpos) OVER w AS was_tpos,
      bool_or((was).fingerprint <> k_print[k]) OVER w AS other
    FROM looked WINDOW w AS (PARTITION BY k)),
  decided AS (
    SELECT *, CASE WHEN other THEN 3 WHEN was_last IS NOT NULL THEN 2 WHEN fits THEN 0 ELSE 1 END AS st,
      CASE WHEN was_last IS NULL AND fits THEN n ELSE 0 END AS m FROM grouped),
  placed AS (
    SELECT *, head.last_pos + sum(m) OVER (ORDER BY o) - m AS b0,
      coalesce(tp, 0) + sum(m) OVER (PARTITION BY te ORDER BY o) - m AS t0 FROM decided)
  SELECT array_agg(st ORDER BY o), array_agg(b0 ORDER BY o), array_agg(t0 ORDER BY o), sum(m),
    array_agg(p.was_first ORDER BY o), array_agg(p.was_last ORDER BY o), array_agg(p.was_tpos ORDER BY o)
  INTO ok, base, tbase, total, was_first, was_last, was_tpos FROM placed p;

  IF total > 0 THEN
    INSERT INTO es.event (pos, tpos, tenant_id, stream_id, version, type, at, payload, meta, hash)
      SELECT base[x.c] + x.o - c_before[x.c], tbase[x.c] + x.o - c_before[x.c], t_tenant[k_t[c_k[x.c]]], c_stream[x.c],
        c_expected[x.c] + x.o - c_before[x.c], x.ty, x.at, x.pl, x.me, x.ha
      FROM unnest(e_c, e_type, e_at, e_payload, e_meta, e_hash) WITH ORDINALITY x(c, ty, at, pl, me, ha, o)
      WHERE ok[x.c] = 0;
    INSERT INTO es.stream AS s (stream_id, tenant_id, kind, version, first_pos, last_pos, last_hash)
      SELECT q.st, t_tenant[k_t[q.k]], q.ki, q.ex + q.n, base[q.o] + 1, base[q.o] + q.n, q.ha
      FROM unnest(c_stream, c_k, c_kind, c_expected, c_n, c_hash) WITH ORDINALITY q(st, k, ki, ex, n, ha, o)
      WHERE ok[q.o] = 0
      ON CONFLICT (stream_id) DO UPDATE
        SET version = EXCLUDED.version, last_pos = EXCLUDED.last_pos, last_hash = EXCLUDED.last_hash;
    INSERT INTO es.command (tenant_id, command_id, fingerprint, first_pos, last_pos, tpos)
      SELECT t_tenant[k_t[q.k]], k_id[q.k], k_print[q.k], min(base[q.o]) + 1, max(base[q.o] + q.n), max(tbase[q.o] + q.n)
      FROM unnest(c_k, c_n) WITH ORDINALITY q(k, n, o) WHERE ok[q.o] = 0 GROUP BY q.k;
    INSERT INTO es.tenant_batch (tenant_id, batch, first_tpos, tpos, chain)
      SELECT z.te, head.batch + 1, z.first_tpos, z.last_tpos,
        sha256(coalesce((SELECT t.chain FROM es.tenant_batch t WHERE t.tenant_id = z.te ORDER BY t.batch DESC LIMIT 1), '')
          || int8send(z.first_tpos) || z.root)
      FROM (SELECT x.te, min(x.tp) AS first_tpos, max(x.tp) AS last_tpos, sha256(string_agg(x.ha, ''::bytea ORDER BY x.tp)) AS root
        FROM (SELECT t_tenant[k_t[c_k[y.c]]] AS te, tbase[y.c] + y.o - c_before[y.c] AS tp, y.ha
          FROM unnest(e_c, e_hash) WITH ORDINALITY y(c, ha, o) WHERE ok[y.c] = 0) x GROUP BY x.te) z;
    new_root := sha256((SELECT string_agg(x.ha, ''::bytea ORDER BY x.o)
      FROM unnest(e_c, e_hash) WITH ORDINALITY x(c, ha, o) WHERE ok[x.c] = 0));
    INSERT INTO es.batch (batch, first_pos, last_pos, root, chain)
      VALUES (head.batch + 1, head.last_pos + 1, head.last_pos + total, new_root,
        sha256(head.chain || int8send(head.last_pos + 1) || new_root));
  END IF;

  RETURN QUERY SELECT o, ok[o], CASE WHEN ok[o] = 0 THEN base[o] + 1 ELSE was_first[o] END,
    CASE WHEN ok[o] = 0 THEN base[o] + c_n[o] ELSE was_last[o] END,
    CASE WHEN ok[o] = 0 THEN tbase[o] + c_n[o] ELSE was_tpos[o] END
  FROM generate_subscripts(ok, 1) o;
END $$;

-- The `eventsourcing` library's own column names over our table.
CREATE VIEW es.stored_events WITH (security_invoker = true) AS
  SELECT stream_id AS originator_id, version AS originator_version, type AS topic, payload AS state,
    pos AS notification_id FROM es.event;
-- For people with SQL: personal fields stay ciphertext here.
CREATE VIEW es.event_json WITH (security_invoker = true) AS
  SELECT pos, tpos, tenant_id, stream_id, version, type, at, convert_from(payload, 'UTF8')::jsonb AS payload,
    convert_from(meta, 'UTF8')::jsonb AS meta, encode(hash, 'hex') AS hash FROM es.event;

SELECT es.protect('es.event'), es.protect('es.stream'), es.protect('es.command'), es.protect('es.tenant_batch');
GRANT SELECT ON es.batch, es.epoch, es.stored_events, es.event_json TO verbatim_worker;
GRANT SELECT ON es.stored_events, es.event_json, es.epoch TO verbatim_api;
REVOKE ALL ON FUNCTION es.append, es.append_some FROM PUBLIC;
REVOKE ALL ON FUNCTION es.make_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION es.append, es.append_some TO verbatim_api, verbatim_worker;
GRANT EXECUTE ON FUNCTION es.make_partitions TO verbatim_worker;
