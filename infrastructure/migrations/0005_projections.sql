-- Read models. Their tables live in schema `read`, once per build, made by the projector itself:
-- read.<table>_<build>, shown by the view read.<table>. A build is one run of a projection's fold over the log.

-- version  of the code that folds it; another version has other tables and is built beside this one
-- pos      the last global position folded; rows and pos are committed together
-- owner_epoch  whoever raised it last may move pos; all others are zombies
-- halted   why it stands still (a fault of the code, not of an event); NULL while it flows
CREATE TABLE es.projection (
  name text NOT NULL, build int NOT NULL, version int NOT NULL,
  state text NOT NULL CHECK (state IN ('building', 'live', 'retired')),
  pos bigint NOT NULL DEFAULT 0, owner_epoch bigint NOT NULL DEFAULT 0, halted text,
  made_at timestamptz NOT NULL DEFAULT now(), moved_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (name, build)
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX one_live ON es.projection (name) WHERE state = 'live';

-- The tenant's seq each build has reached, also where none of its events concerned the projection.
CREATE TABLE es.projection_tenant (
  name text NOT NULL, build int NOT NULL, tenant_id int NOT NULL, tpos bigint NOT NULL,
  PRIMARY KEY (name, build, tenant_id)
) WITH (fillfactor = 50);

-- Events a build could not fold, and all later ones of their streams. `error` is NULL for the later ones.
CREATE TABLE es.parked (
  name text NOT NULL, build int NOT NULL, tenant_id int NOT NULL, stream_id uuid NOT NULL, pos bigint NOT NULL,
  type text NOT NULL, error text, tries int NOT NULL, at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (name, build, tenant_id, stream_id, pos)
);

SELECT es.protect('es.projection_tenant'), es.protect('es.parked');
GRANT SELECT ON es.projection TO verbatim_api, verbatim_worker;
GRANT INSERT, UPDATE, DELETE ON es.projection, es.projection_tenant, es.parked TO verbatim_worker;
