-- Tries to upload, kept for a day: how much a visitor sent lately, and which bytes may lie in the blob store without
-- an event. Never in the log: it is about behaviour, not about files.
CREATE SCHEMA files;
GRANT USAGE ON SCHEMA files TO verbatim_api, verbatim_worker;
-- key: set from before the bytes are stored until their event is durable
CREATE TABLE files.upload (
  upload_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id int NOT NULL, uploader_id uuid NOT NULL,
  file_id uuid NOT NULL, key text, size bigint NOT NULL DEFAULT 0, at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON files.upload (tenant_id, uploader_id, at);
CREATE INDEX ON files.upload (at) WHERE key IS NOT NULL;
CREATE INDEX ON files.upload (at) WHERE key IS NULL;
SELECT es.protect('files.upload');
GRANT INSERT, UPDATE ON files.upload TO verbatim_api, verbatim_worker;
GRANT DELETE ON files.upload TO verbatim_worker;
