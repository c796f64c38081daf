-- Reactors: how far each policy has reacted (all positions up to `pos` are done), and what it could not carry out.
-- A policy starts at the head of the log on the day it is first deployed and is never rebuilt.
CREATE TABLE es.reactor (name text PRIMARY KEY, pos bigint NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE es.reactor_parked (
  name text NOT NULL, pos bigint NOT NULL, tenant_id int NOT NULL, stream_id uuid NOT NULL, type text NOT NULL,
  error text NOT NULL,            -- class and place, never a message: that may quote a visitor
  tries int NOT NULL, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (name, pos)
);
SELECT es.protect('es.reactor_parked');
GRANT SELECT ON es.reactor TO verbatim_api;
GRANT SELECT, INSERT, UPDATE ON es.reactor TO verbatim_worker;
GRANT INSERT, UPDATE, DELETE ON es.reactor_parked TO verbatim_worker;
