-- Who has which open conversation, written in the transaction that appends, under the log's own lock: an agent's load is
-- counted exactly, whatever the number of processes. The log is the truth; these rows are its shadow, and seats.correct
-- makes them from it: here for what is there already, hourly and by `verbatim seats` for what others appended.
CREATE SCHEMA seats;
GRANT USAGE ON SCHEMA seats TO verbatim_api, verbatim_worker;

CREATE TABLE seats.taken (
  tenant_id int NOT NULL, conversation_id uuid NOT NULL, agent_id uuid NOT NULL, PRIMARY KEY (tenant_id, conversation_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX ON seats.taken (tenant_id, agent_id);

-- Agents with a number of their own; the others have their team's, which whoever asks for a seat says.
CREATE TABLE seats.desk (
  tenant_id int NOT NULL, agent_id uuid NOT NULL, capacity int NOT NULL, PRIMARY KEY (tenant_id, agent_id)
);
SELECT es.protect('seats.taken'), es.protect('seats.desk');

-- One row: up to here the rows above were compared with the log.
CREATE TABLE seats.checked (pos bigint NOT NULL);
INSERT INTO seats.checked VALUES (0);

-- The seat changes of a batch, in its order, without those of the commands in `without`. Commands that ask for a seat
-- where there is none are left out, and answered with the agent's load and room.
--   s_c      the command; what it asks for stands before what else it changes
--   s_act    0 takes a seat, 1 gives it up, 2 the agent's own capacity (s_room; -1: none)
--   s_room   of act 0: the room of an agent without a number of their own; -1: nobody asks, it is only counted
CREATE FUNCTION seats.move(
  s_c int[], s_act int[], s_tenant int[], s_agent uuid[], s_conversation uuid[], s_room int[], without int[])
RETURNS TABLE (c int, load bigint, room bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, seats AS $$
BEGIN
  FOR i IN 1 .. cardinality(s_c) LOOP
    CONTINUE WHEN s_c[i] = ANY(without);
    IF s_act[i] = 0 AND s_room[i] >= 0 THEN
      SELECT s_c[i], count(*), coalesce((SELECT d.capacity FROM seats.desk d
          WHERE d.tenant_id = s_tenant[i] AND d.agent_id = s_agent[i]), s_room[i])
        INTO c, load, room FROM seats.taken t
        WHERE t.tenant_id = s_tenant[i] AND t.agent_id = s_agent[i] AND t.conversation_id <> s_conversation[i];
      IF load >= room THEN
        without := without || s_c[i];
        RETURN NEXT;
        CONTINUE;
      END IF;
    END IF;
    IF s_act[i] = 0 THEN
      INSERT INTO seats.taken AS t (tenant_id, conversation_id, agent_id)
        VALUES (s_tenant[i], s_conversation[i], s_agent[i])
        ON CONFLICT (tenant_id, conversation_id) DO UPDATE SET agent_id = EXCLUDED.agent_id;
    ELSIF s_act[i] = 1 THEN
      DELETE FROM seats.taken t WHERE t.tenant_id = s_tenant[i] AND t.conversation_id = s_conversation[i];
    ELSIF s_room[i] >= 0 THEN
      INSERT INTO seats.desk AS d (tenant_id, agent_id, capacity) VALUES (s_tenant[i], s_agent[i], s_room[i])
        ON CONFLICT (tenant_id, agent_id) DO UPDATE SET capacity = EXCLUDED.capacity;
    ELSE
      DELETE FROM seats.desk d WHERE d.tenant_id = s_tenant[i] AND d.agent_id = s_agent[i];
    END IF;
  END LOOP;
END $$;

-- es.append and es.append_charged for a batch in which a seat changes hands; others do not come here. The arrays of
-- charges are empty where there are none. A command without a seat takes the batch back, and es.append_some_seated
-- decides: nothing was written yet.
CREATE FUNCTION es.append_seated(
  c_k int[], c_stream uuid[], c_kind text[], c_expected int[], c_n int[], c_before int[], c_hash bytea[],
  e_c int[], e_type text[], e_at timestamptz[], e_payload bytea[], e_meta bytea[], e_hash bytea[],
  k_t int[], k_id uuid[], k_print bytea[], k_n int[], k_before int[], k_tbefore int[],
  t_tenant int[], t_n int[], t_root bytea[], b_root bytea,
  u_c int[], u_tenant int[], u_meter text[], u_period int[], u_amount bigint[], u_limit bigint[], u_act int[],
  u_key uuid[], u_hold int[],
  s_c int[], s_act int[], s_tenant int[], s_agent uuid[], s_conversation uuid[], s_room int[])
RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, es AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7001);
  PERFORM FROM seats.move(s_c, s_act, s_tenant, s_agent, s_conversation, s_room, '{}');
  IF FOUND THEN
    RAISE EXCEPTION 'a command of this batch has no seat' USING ERRCODE = 'VB001';
  END IF;
  IF cardinality(u_c) = 0 THEN
    RETURN es.append(c_k, c_stream, c_kind, c_expected, c_n, c_before, c_hash, e_c, e_type, e_at, e_payload, e_meta,
      e_hash, k_t, k_id, k_print, k_n, k_before, k_tbefore, t_tenant, t_n, t_root, b_root);
  END IF;
  RETURN es.append_charged(c_k, c_stream, c_kind, c_expected, c_n, c_before, c_hash, e_c, e_type, e_at, e_payload,
    e_meta, e_hash, k_t, k_id, k_print, k_n, k_before, k_tbefore, t_tenant, t_n, t_root, b_root,
    u_c, u_tenant, u_meter, u_period, u_amount, u_limit, u_act, u_key, u_hold);
END $$;

-- es.append_some likewise. A seat is given only to what goes in: a stream that has moved on and a repeated command are
-- answered as ever. Status 4: no seat; then first_pos is the agent's load and last_pos their room.
CREATE FUNCTION es.append_some_seated(
  c_k int[], c_stream uuid[], c_kind text[], c_expected int[], c_n int[], c_before int[], c_hash bytea[],
  e_c int[], e_type text[], e_at timestamptz[], e_payload bytea[], e_meta bytea[], e_hash bytea[],
  k_t int[], k_id uuid[], k_print bytea[], k_n int[], k_before int[], k_tbefore int[],
  t_tenant int[], t_n int[], t_root bytea[], b_root bytea,
  u_c int[], u_tenant int[], u_meter text[], u_period int[], u_amount bigint[], u_limit bigint[], u_act int[],
  u_key uuid[], u_hold int[],
  s_c int[], s_act int[], s_tenant int[], s_agent uuid[], s_conversation uuid[], s_room int[])
RETURNS TABLE (c int, status int, first_pos bigint, last_pos bigint, tpos bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, es AS $$
#variable_conflict use_column
DECLARE unfit int[]; refused int[]; loads bigint[]; rooms bigint[]; expected int[];
BEGIN
  PERFORM pg_advisory_xact_lock(7001);
  SELECT coalesce(array_agg(DISTINCT q.k), '{}') INTO unfit FROM unnest(c_k, c_stream, c_expected) q(k, st, ex)
    WHERE q.k = ANY(s_c) AND (
      NOT coalesce((SELECT s.tenant_id = t_tenant[k_t[q.k]] AND s.version = q.ex FROM es.stream s
        WHERE s.stream_id = q.st), q.ex IN (0, -1))
      OR EXISTS (SELECT FROM es.command m WHERE m.tenant_id = t_tenant[k_t[q.k]] AND m.command_id = k_id[q.k]));
  SELECT coalesce(array_agg(m.c), '{}'), array_agg(m.load), array_agg(m.room) INTO refused, loads, rooms
    FROM seats.move(s_c, s_act, s_tenant, s_agent, s_conversation, s_room, unfit) m;
  -- No stream has this version, so es.append_some leaves the command out.
  SELECT array_agg(CASE WHEN q.k = ANY(refused) THEN -2 ELSE q.ex END ORDER BY q.o) INTO expected
    FROM unnest(c_k, c_expected) WITH ORDINALITY q(k, ex, o);
  RETURN QUERY SELECT o.c,
      CASE WHEN r.place IS NULL THEN o.status ELSE 4 END,
      CASE WHEN r.place IS NULL THEN o.first_pos ELSE loads[r.place] END,
      CASE WHEN r.place IS NULL THEN o.last_pos ELSE rooms[r.place] END, o.tpos
    FROM es.append_some_charged(c_k, c_stream, c_kind, expected, c_n, c_before, c_hash, e_c, e_type, e_at, e_payload,
      e_meta, e_hash, k_t, k_id, k_print, k_n, k_before, k_tbefore, t_tenant, t_n, t_root, b_root,
      u_c, u_tenant, u_meter, u_period, u_amount, u_limit, u_act, u_key, u_hold) o,
    LATERAL (SELECT array_position(refused, c_k[o.c]) AS place) r;
END $$;

-- Types of events that move a conversation: domain/handling.py, held to it by a test.
CREATE FUNCTION seats.moving() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY['conversation.handed_over.1', 'conversation.accepted.1', 'conversation.assigned.1',
    'conversation.transferred.1', 'conversation.returned.1', 'conversation.snoozed.1', 'conversation.awakened.1',
    'conversation.ended.1', 'conversation.reopened.1'] $$;

-- What the log says of the conversations that moved after a position: whose seat each takes, NULL where nobody's.
CREATE FUNCTION seats.told(after bigint)
RETURNS TABLE (tenant_id int, conversation_id uuid, agent_id uuid) LANGUAGE sql STABLE AS $$
  SELECT l.tenant_id, l.stream_id, CASE WHEN l.a->>'status' = 'open' AND l.a->>'handled_by' = 'agent'
    THEN (l.a->>'assignee_id')::uuid END
  FROM (SELECT m.tenant_id, m.stream_id, convert_from(m.payload, 'UTF8')::jsonb->'after' AS a FROM (
    SELECT DISTINCT ON (e.stream_id) e.tenant_id, e.stream_id, e.payload FROM es.event e
      WHERE e.pos > after AND e.type = ANY(seats.moving()) ORDER BY e.stream_id, e.version DESC) m) l $$;

-- The same of the agents whose capacity was set; NULL: their team's.
CREATE FUNCTION seats.told_desks(after bigint)
RETURNS TABLE (tenant_id int, agent_id uuid, capacity int) LANGUAGE sql STABLE AS $$
  SELECT m.tenant_id, m.stream_id, (convert_from(m.payload, 'UTF8')::jsonb->>'capacity')::int FROM (
    SELECT DISTINCT ON (e.stream_id) e.tenant_id, e.stream_id, e.payload FROM es.event e
      WHERE e.pos > after AND e.type = 'agent.capacity_set.1' ORDER BY e.stream_id, e.version DESC) m $$;

CREATE TYPE seats.correction AS (tenant_id int, conversation_id uuid, agent_id uuid, capacity int);

-- Where the rows are not what the log says of what happened after a position; from 0 on also rows it says nothing of.
-- One statement, one snapshot: an append writes both, so that in it they agree.
CREATE FUNCTION seats.drift(after bigint) RETURNS SETOF seats.correction LANGUAGE sql STABLE AS $$
  SELECT coalesce(s.tenant_id, t.tenant_id), coalesce(s.conversation_id, t.conversation_id), s.agent_id, NULL::int
    FROM seats.told(after) s FULL JOIN seats.taken t
      ON t.tenant_id = s.tenant_id AND t.conversation_id = s.conversation_id
    WHERE s.agent_id IS DISTINCT FROM t.agent_id AND (after = 0 OR s.tenant_id IS NOT NULL)
  UNION ALL
  SELECT coalesce(s.tenant_id, d.tenant_id), NULL, coalesce(s.agent_id, d.agent_id), s.capacity
    FROM seats.told_desks(after) s FULL JOIN seats.desk d ON d.tenant_id = s.tenant_id AND d.agent_id = s.agent_id
    WHERE s.capacity IS DISTINCT FROM d.capacity AND (after = 0 OR s.tenant_id IS NOT NULL) $$;

-- Makes the rows what the log says, and answers how many were not. `after` 0: all of the log, NULL: what came since the
-- last time. It reads without a lock; what was appended meanwhile, by whoever, is read under it: a moment.
CREATE FUNCTION seats.correct(after bigint DEFAULT NULL)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, seats AS $$
DECLARE head bigint; wrong seats.correction[];
BEGIN
  PERFORM FROM seats.checked FOR UPDATE;  -- one at a time
  after := coalesce(after, (SELECT pos FROM seats.checked));
  head := coalesce((SELECT b.last_pos FROM es.batch b ORDER BY b.batch DESC LIMIT 1), 0);
  SELECT coalesce(array_agg(d), '{}') INTO wrong FROM seats.drift(after) d;
  PERFORM pg_advisory_xact_lock(7001);
  SELECT coalesce(array_agg(x), '{}') INTO wrong FROM (
    SELECT w.* FROM unnest(wrong) w
      WHERE NOT EXISTS (SELECT FROM seats.told(head) l WHERE l.conversation_id = w.conversation_id)
        AND NOT (w.conversation_id IS NULL
          AND EXISTS (SELECT FROM seats.told_desks(head) l WHERE l.agent_id = w.agent_id))
    UNION ALL SELECT * FROM seats.drift(head)) x;
  PERFORM seats.put_right(wrong);
  UPDATE seats.checked SET pos = head;
  RETURN cardinality(wrong);
END $$;

CREATE FUNCTION seats.put_right(wrong seats.correction[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM seats.taken t USING unnest(wrong) w
    WHERE t.tenant_id = w.tenant_id AND t.conversation_id = w.conversation_id;
  INSERT INTO seats.taken (tenant_id, conversation_id, agent_id) SELECT w.tenant_id, w.conversation_id, w.agent_id
    FROM unnest(wrong) w WHERE w.conversation_id IS NOT NULL AND w.agent_id IS NOT NULL;
  DELETE FROM seats.desk d USING unnest(wrong) w
    WHERE w.conversation_id IS NULL AND d.tenant_id = w.tenant_id AND d.agent_id = w.agent_id;
  INSERT INTO seats.desk (tenant_id, agent_id, capacity) SELECT w.tenant_id, w.agent_id, w.capacity
    FROM unnest(wrong) w WHERE w.conversation_id IS NULL AND w.capacity IS NOT NULL;
END $$;

SELECT seats.correct(0);
REVOKE ALL ON FUNCTION seats.move, seats.told, seats.told_desks, seats.drift, seats.correct, seats.put_right,
  es.append_seated, es.append_some_seated FROM PUBLIC;
GRANT EXECUTE ON FUNCTION es.append_seated, es.append_some_seated TO verbatim_api, verbatim_worker;
GRANT EXECUTE ON FUNCTION seats.correct TO verbatim_worker;
