-- Embeddings: those of texts that are gone are swept, and texts that a model does not take are not sent for ever.

-- since when no chunk has had this hash; null while one has
ALTER TABLE knowledge.embedding ADD COLUMN unused_since timestamptz;
GRANT UPDATE (unused_since) ON knowledge.embedding TO verbatim_worker;

CREATE TABLE knowledge.refused (
  tenant_id int NOT NULL, model text NOT NULL, hash bytea NOT NULL, reason text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(), unused_since timestamptz, PRIMARY KEY (tenant_id, model, hash)
);
SELECT es.protect('knowledge.refused');
GRANT INSERT, DELETE, UPDATE (unused_since) ON knowledge.refused TO verbatim_worker;
