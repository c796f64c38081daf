-- What tenants with a limit used, counted in the transaction that appends: under the log's own lock, so exactly.
-- The log is the truth; a counter is its shadow, trued up by infrastructure/usage.py. Tenants without limits have none.
CREATE SCHEMA usage;
GRANT USAGE ON SCHEMA usage TO verbatim_api, verbatim_worker;

-- period   the month as yyyymm, 0 for what is a level
-- checked  how often it was compared with the log; 0: never, and until then nothing is granted on it
CREATE TABLE usage.counter (
  tenant_id int NOT NULL, meter text NOT NULL, period int NOT NULL, used bigint NOT NULL DEFAULT 0,
  checked int NOT NULL DEFAULT 0, PRIMARY KEY (tenant_id, meter, period)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- What is held for something that is under way. key: the stream it is for; one that is past its time holds nothing.
CREATE TABLE usage.reservation (
  tenant_id int NOT NULL, meter text NOT NULL, period int NOT NULL, key uuid NOT NULL, amount bigint NOT NULL,
  expires_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, meter, key)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
SELECT es.protect('usage.counter'), es.protect('usage.reservation');
GRANT INSERT, UPDATE ON usage.counter TO verbatim_api, verbatim_worker;
GRANT DELETE ON usage.counter, usage.reservation TO verbatim_worker;

-- One row per charge of a batch. u_act: 0 used, 1 held, 2 let go; u_limit -1: counted, never refused; u_hold: seconds.
-- All of it or VB002, whose detail names the meters that have no room: the caller halves its batch until one command
-- stands alone. What a single command holds is made as small as there is room for, if there is any.
CREATE FUNCTION usage.charge(
  u_tenant int[], u_meter text[], u_period int[], u_amount bigint[], u_limit bigint[], u_act int[], u_key uuid[],
  u_hold int[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, usage AS $$
DECLARE full_meters text;
BEGIN
  DELETE FROM usage.reservation r USING unnest(u_tenant, u_meter, u_act, u_key) q(te, me, act, ke)
    WHERE q.act IN (1, 2) AND r.tenant_id = q.te AND r.meter = q.me AND r.key = q.ke;
  DELETE FROM usage.reservation r USING (SELECT DISTINCT * FROM unnest(u_tenant, u_meter)) q(te, me)
    WHERE r.tenant_id = q.te AND r.meter = q.me AND r.expires_at <= clock_timestamp();
  WITH asked AS MATERIALIZED (
    SELECT q.te, q.me, q.pe, coalesce(sum(q.am) FILTER (WHERE q.act = 0), 0) AS charged,
      coalesce(sum(q.am) FILTER (WHERE q.act = 1), 0) AS wanted, count(*) FILTER (WHERE q.act = 1) AS holds,
      min(q.li) FILTER (WHERE q.li >= 0) AS li,
      coalesce((SELECT sum(r.amount) FROM usage.reservation r
        WHERE r.tenant_id = q.te AND r.meter = q.me AND r.period = q.pe), 0) AS held
    FROM unnest(u_tenant, u_meter, u_period, u_amount, u_limit, u_act) q(te, me, pe, am, li, act)
    WHERE q.act IN (0, 1) GROUP BY q.te, q.me, q.pe),
  counted AS (
    UPDATE usage.counter c SET used = c.used + a.charged FROM asked a
      WHERE c.tenant_id = a.te AND c.meter = a.me AND c.period = a.pe AND (a.li IS NULL OR (c.checked > 0
        AND c.used + a.held + a.charged + CASE WHEN a.holds = 1 THEN 1 ELSE a.wanted END <= a.li))
      RETURNING c.tenant_id, c.meter, c.period)
  SELECT string_agg(DISTINCT a.me, ',' ORDER BY a.me) INTO full_meters FROM asked a
    WHERE a.li IS NOT NULL AND NOT EXISTS (SELECT FROM counted c
      WHERE c.tenant_id = a.te AND c.meter = a.me AND c.period = a.pe);
  IF full_meters IS NOT NULL THEN
    RAISE EXCEPTION 'the plan has no room for this' USING ERRCODE = 'VB002', DETAIL = full_meters;
  END IF;
  INSERT INTO usage.reservation (tenant_id, meter, period, key, amount, expires_at)
    SELECT q.te, q.me, q.pe, q.ke, least(q.am, q.li - c.used - coalesce((SELECT sum(r.amount) FROM usage.reservation r
      WHERE r.tenant_id = q.te AND r.meter = q.me AND r.period = q.pe), 0)),
      clock_timestamp() + q.hold * interval '1 second'
    FROM unnest(u_tenant, u_meter, u_period, u_amount, u_limit, u_act, u_key, u_hold) q(te, me, pe, am, li, act, ke, hold)
    JOIN usage.counter c ON c.tenant_id = q.te AND c.meter = q.me AND c.period = q.pe
    WHERE q.act = 1;
END $$;

-- es.append for a batch in which a command is charged; batches without charges do not come here. u_c: the command.
CREATE FUNCTION es.append_charged(
  c_k int[], c_stream uuid[], c_kind text[], c_expected int[], c_n int[], c_before int[], c_hash bytea[],
  e_c int[], e_type text[], e_at timestamptz[], e_payload bytea[], e_meta bytea[], e_hash bytea[],
  k_t int[], k_id uuid[], k_print bytea[], k_n int[], k_before int[], k_tbefore int[],
  t_tenant int[], t_n int[], t_root bytea[], b_root bytea,
  u_c int[], u_tenant int[], u_meter text[], u_period int[], u_amount bigint[], u_limit bigint[], u_act int[],
  u_key uuid[], u_hold int[])
RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, es AS $$
DECLARE heads bigint[];
BEGIN
  heads := es.append(c_k, c_stream, c_kind, c_expected, c_n, c_before, c_hash, e_c, e_type, e_at, e_payload, e_meta,
    e_hash, k_t, k_id, k_print, k_n, k_before, k_tbefore, t_tenant, t_n, t_root, b_root);
  PERFORM usage.charge(u_tenant, u_meter, u_period, u_amount, u_limit, u_act, u_key, u_hold);
  RETURN heads;
END $$;

-- es.append_some likewise: charged is what goes in.
CREATE TYPE es.slice_outcome AS (c int, status int, first_pos bigint, last_pos bigint, tpos bigint);
CREATE FUNCTION es.append_some_charged(
  c_k int[], c_stream uuid[], c_kind text[], c_expected int[], c_n int[], c_before int[], c_hash bytea[],
  e_c int[], e_type text[], e_at timestamptz[], e_payload bytea[], e_meta bytea[], e_hash bytea[],
  k_t int[], k_id uuid[], k_print bytea[], k_n int[], k_before int[], k_tbefore int[],
  t_tenant int[], t_n int[], t_root bytea[], b_root bytea,
  u_c int[], u_tenant int[], u_meter text[], u_period int[], u_amount bigint[], u_limit bigint[], u_act int[],
  u_key uuid[], u_hold int[])
RETURNS TABLE (c int, status int, first_pos bigint, last_pos bigint, tpos bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, es AS $$
#variable_conflict use_column
DECLARE outcomes es.slice_outcome[]; stored int[];
BEGIN
  SELECT array_agg(ROW(o.*)::es.slice_outcome ORDER BY o.c) INTO outcomes FROM es.append_some(c_k, c_stream, c_kind,
    c_expected, c_n, c_before, c_hash, e_c, e_type, e_at, e_payload, e_meta, e_hash, k_t, k_id, k_print, k_n, k_before,
    k_tbefore, t_tenant, t_n, t_root, b_root) o;
  SELECT array_agg(DISTINCT c_k[o.c]) INTO stored FROM unnest(outcomes) o WHERE o.status = 0;
  PERFORM usage.charge(x.tenant, x.meter, x.period, x.amount, x.lim, x.act, x.key, x.hold) FROM (
    SELECT array_agg(q.te) AS tenant, array_agg(q.me) AS meter, array_agg(q.pe) AS period, array_agg(q.am) AS amount,
      array_agg(q.li) AS lim, array_agg(q.act) AS act, array_agg(q.ke) AS key, array_agg(q.hold) AS hold
    FROM unnest(u_c, u_tenant, u_meter, u_period, u_amount, u_limit, u_act, u_key, u_hold)
      q(co, te, me, pe, am, li, act, ke, hold) WHERE q.co = ANY(stored)) x
  WHERE x.tenant IS NOT NULL;
  RETURN QUERY SELECT o.c, o.status, o.first_pos, o.last_pos, o.tpos FROM unnest(outcomes) o;
END $$;
REVOKE ALL ON FUNCTION usage.charge, es.append_charged, es.append_some_charged FROM PUBLIC;
GRANT EXECUTE ON FUNCTION es.append_charged, es.append_some_charged TO verbatim_api, verbatim_worker;
