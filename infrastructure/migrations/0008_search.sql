-- Search. Full-text and trigram operators may not use an index under row-level security (they are not leakproof),
-- so three functions look matches up as verbatim_worker. They know one tenant only: that of the transaction.

CREATE EXTENSION IF NOT EXISTS btree_gin SCHEMA public;

-- Words as they are written, in lower case, without accents; no language, no stop words.
CREATE TEXT SEARCH CONFIGURATION read.words (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION read.words
  ALTER MAPPING FOR word, hword, hword_part, numword, numhword, hword_numpart WITH public.unaccent, pg_catalog.simple;

-- The same number of characters, without those that make the parser see hosts, paths, tags, addresses, numbers
-- below zero and compounds: a word is a run of letters and digits.
CREATE FUNCTION read.parted(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN pg_catalog.translate(said, '-./\@:<>&=+|', '            ');

-- No word is so long that an index refuses it, also not after its accents are written out.
CREATE FUNCTION read.short_words(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN pg_catalog.regexp_replace(said, '(\S{100})', '\1 ', 'g');

CREATE FUNCTION read.words_of(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN pg_catalog.to_tsvector('read.words', read.short_words(read.parted(said)));

-- Lower case, without accents: what people type of a name.
CREATE FUNCTION read.folded(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN pg_catalog.lower(public.unaccent('public.unaccent', said));

-- A shelf is 16,384 events in a row of one tenant. Every word in the index begins with its shelf, so whatever is
-- asked, a look into the index costs what one shelf holds, not what the tenant or all tenants have ever said.
CREATE FUNCTION read.shelf(seq bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN seq >> 14;

-- A tsvector's text is 'word':1,2 'other':3; no word holds a space.
CREATE FUNCTION read.shelved(words tsvector, tenant_id int, shelf bigint) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN pg_catalog.ltrim(pg_catalog.replace(
  ' ' || words::text, ' ''', ' ''' || tenant_id::text || '/' || shelf::text || ' '))::tsvector;

CREATE FUNCTION read.shelved(asked tsquery, tenant_id int, shelf bigint) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN pg_catalog.regexp_replace(asked::text, '''((?:[^'']|'''')*)''',
  '''' || tenant_id::text || '/' || shelf::text || ' \1''', 'g')::tsquery;

-- What a person typed: "a phrase", -without, or. The last word may be the beginning of one, unless it is in quotes
-- or behind a minus. NULL where there is no word that must be there.
CREATE FUNCTION read.asked(typed text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog AS $$
DECLARE
  split text := replace(read.parted(regexp_replace(typed, '(^|[^\w])-', '\1' || chr(1), 'g')), chr(1), '-');
  asked tsquery := websearch_to_tsquery('read.words', read.short_words(split));
  beginning tsquery := regexp_replace(asked::text, '(^|[^!''])(''(?:[^'']|'''')+'')$', '\1\2:*')::tsquery;
BEGIN
  IF querytree(asked) IN ('', 'T') THEN RETURN NULL; END IF;
  RETURN CASE WHEN typed ~ '"\s*$' THEN asked ELSE beginning END;
END $$;

-- The newest `most` messages of these shelves (newest shelf first) that match, with their ranks.
-- A condition that is NULL holds for all. `nobody`: only of conversations without an assignee.
-- One plan for every shelf: to plan takes longer than to look. The words say the tenant already; `+ 0` keeps the
-- planner from reading all of the tenant's keys beside them.
CREATE FUNCTION read.search_messages(
  asked tsquery, shelves bigint[], floor bigint, top bigint, with_private boolean,
  since timestamptz, until timestamptz, assignee uuid, nobody boolean, label text, most int)
RETURNS TABLE (seq bigint, conversation_id uuid, version bigint, rank real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  tenant int := es.tenant();
  by_thread boolean := assignee IS NOT NULL OR nobody OR label IS NOT NULL;
  one bigint; wanted tsquery; found int;
BEGIN
  FOREACH one IN ARRAY shelves LOOP
    wanted := read.shelved(asked, tenant, one);
    RETURN QUERY
    SELECT n.seq, n.conversation_id, n.version, ts_rank_cd(n.words, asked, 1) FROM (
      SELECT m.seq, m.conversation_id, m.version, m.words FROM read.search_message m
      WHERE read.shelved(m.words, m.tenant_id, read.shelf(m.seq)) @@ wanted AND m.tenant_id + 0 = tenant
        AND m.seq BETWEEN floor AND top AND (with_private OR NOT m.private)
        AND (since IS NULL OR m.at >= since) AND (until IS NULL OR m.at < until)
        AND (NOT by_thread OR EXISTS (
          SELECT FROM read.search_thread t WHERE t.tenant_id = tenant AND t.conversation_id = m.conversation_id
            AND (assignee IS NULL OR t.assignee_id = assignee) AND (NOT nobody OR t.assignee_id IS NULL)
            AND (label IS NULL OR t.labels ? label)))
      ORDER BY m.seq DESC LIMIT most) n;
    GET DIAGNOSTICS found = ROW_COUNT;
    most := most - found;
    EXIT WHEN most <= 0;
  END LOOP;
END $$;

-- Some conversations with this assignee (`nobody`: none) and this label, `most` at most.
CREATE FUNCTION read.search_threads(assignee uuid, nobody boolean, label text, most int) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  tenant bigint := es.tenant();
BEGIN
  RETURN QUERY SELECT t.conversation_id FROM read.search_thread t
  WHERE t.tenant_id = tenant AND (assignee IS NULL OR t.assignee_id = assignee)
    AND (NOT nobody OR t.assignee_id IS NULL) AND (label IS NULL OR t.labels ? label)
  LIMIT most;
END $$;

-- Names and e-mail addresses that hold every word typed, or a word much like it. The beginning of a word ranks first.
CREATE FUNCTION read.search_contacts(typed text, floor bigint, top bigint, most int)
RETURNS TABLE (seq bigint, contact_id uuid, rank real)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  tenant bigint := es.tenant();
  folded_q text := read.folded(typed);
  literal text := regexp_replace(folded_q, '([\\%_])', '\\\1', 'g');
  parts text[] := ARRAY(
    SELECT '%' || word || '%' FROM regexp_split_to_table(literal, '\s+') word WHERE word <> ''
    ORDER BY length(word) DESC, word);  -- the longest first: it looks the others up least
BEGIN
  IF cardinality(parts) = 0 THEN RETURN; END IF;
  PERFORM set_config('pg_trgm.word_similarity_threshold', '0.5', true);
  RETURN QUERY
  SELECT c.seq, c.contact_id,
    (public.word_similarity(folded_q, c.folded) + (' ' || c.folded LIKE '% ' || literal || '%')::int)::real
  FROM read.search_contact c
  WHERE c.tenant_id = tenant AND c.seq BETWEEN floor AND top
    AND (c.folded LIKE parts[1] AND c.folded LIKE ALL (parts) OR c.folded OPERATOR(public.%>) folded_q)
  ORDER BY c.seq DESC LIMIT most;
END $$;

ALTER FUNCTION read.search_messages(tsquery, bigint[], bigint, bigint, boolean, timestamptz, timestamptz, uuid,
  boolean, text, int) OWNER TO verbatim_worker;
ALTER FUNCTION read.search_threads(uuid, boolean, text, int) OWNER TO verbatim_worker;
ALTER FUNCTION read.search_contacts(text, bigint, bigint, int) OWNER TO verbatim_worker;
