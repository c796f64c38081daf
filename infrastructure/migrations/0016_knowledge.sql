-- Knowledge: embeddings of chunks, and the look-up of words that are much like those asked for.

-- What a model made of a chunk; found by the chunk's hash, so a rebuild of the read model pays for nothing twice.
-- vector: of length 1, so that a product of two is their cosine.
CREATE SCHEMA knowledge;
GRANT USAGE ON SCHEMA knowledge TO verbatim_api, verbatim_worker;
CREATE TABLE knowledge.embedding (
  tenant_id int NOT NULL, model text NOT NULL, hash bytea NOT NULL, vector float4[] NOT NULL,
  at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (tenant_id, model, hash)
);
SELECT es.protect('knowledge.embedding');
GRANT INSERT, DELETE ON knowledge.embedding TO verbatim_worker;

-- The chunks whose words are like those asked for, best first: typing errors, other forms, parts of compounds.
-- The trigram operator is not leakproof: under row-level security it could not use the index, so this looks as
-- verbatim_worker and takes the tenant from the transaction. A word counts the more, the fewer articles have it.
CREATE FUNCTION read.knowledge_like(asked text[], threshold real, most int)
RETURNS TABLE (article_id uuid, part int, score float)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  tenant int := es.tenant();
  articles bigint := (SELECT count(*) FROM read.knowledge k WHERE k.tenant_id = tenant AND k.part = 1);
BEGIN
  PERFORM set_config('pg_trgm.similarity_threshold', threshold::text, true);
  RETURN QUERY
  WITH alike AS (
    SELECT a.word AS asked, k.article_id, k.part, max(public.similarity(k.word, a.word)) AS trust
    FROM unnest(asked) AS a(word)
    JOIN read.knowledge_word k ON k.tenant_id = tenant AND k.word OPERATOR(public.%) a.word AND k.part > 0
    GROUP BY 1, 2, 3
  ), weighed AS (
    SELECT l.asked, ln(1 + articles / count(DISTINCT l.article_id)::float) AS weight FROM alike l GROUP BY 1
  )
  SELECT l.article_id, l.part, sum(l.trust * w.weight) FROM alike l JOIN weighed w USING (asked)
  GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT most;
END $$;
ALTER FUNCTION read.knowledge_like(text[], real, int) OWNER TO verbatim_worker;
