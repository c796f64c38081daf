-- Drafts: what an agent has typed and not sent; one per agent and conversation, never an event.
-- sealed: under the key of the contact the conversation is with, so it reads only while that person's key is there.
CREATE SCHEMA drafts;
GRANT USAGE ON SCHEMA drafts TO verbatim_api, verbatim_worker;
-- The statement that destroys a person's key takes the drafts about them with it.
CREATE TABLE drafts.draft (
  tenant_id int NOT NULL, conversation_id uuid NOT NULL, agent_id uuid NOT NULL, contact_id uuid NOT NULL,
  sealed text NOT NULL, at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, conversation_id, agent_id),
  FOREIGN KEY (contact_id, tenant_id) REFERENCES keys.subject (subject_id, tenant_id) ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX ON drafts.draft (contact_id, tenant_id);
SELECT es.protect('drafts.draft');
GRANT INSERT, UPDATE, DELETE ON drafts.draft TO verbatim_api, verbatim_worker;
