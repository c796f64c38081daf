-- Webhooks: their sealed secrets, how far each has delivered, and the log of deliveries. What a webhook is, and
-- what was asked of it, is in the event log; nothing here holds a payload: it is made anew from its event.
CREATE SCHEMA webhooks;
GRANT USAGE ON SCHEMA webhooks TO verbatim_api, verbatim_worker;

CREATE TABLE webhooks.secret (
  secret_id uuid PRIMARY KEY, tenant_id int NOT NULL, webhook_id uuid NOT NULL, sealed bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

-- seq: all events of the tenant up to it are delivered, dead, or have a row of their own that waits.
-- version: of the webhook's last rewind that this cursor has followed.
CREATE TABLE webhooks.cursor (
  tenant_id int NOT NULL, webhook_id uuid NOT NULL, seq bigint NOT NULL, version int NOT NULL,
  failing_since timestamptz, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (tenant_id, webhook_id)
) WITH (fillfactor = 70);

-- One row per event and webhook (again per replay). status: waiting, delivered, failed.
-- is_aside: it no longer holds up the events after it; next_at NULL then waits for it to be resumed.
-- asked_version: of the webhook's event that asked for it, 0 where nobody did.
CREATE TABLE webhooks.delivery (
  tenant_id int NOT NULL, webhook_id uuid NOT NULL, delivery_id uuid NOT NULL,
  seq bigint NOT NULL, type text NOT NULL, event_id text NOT NULL,
  status text NOT NULL, attempts int NOT NULL, code int, latency_ms int, excerpt text, error text,
  next_at timestamptz, is_aside bool NOT NULL DEFAULT false, asked_version int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL, attempted_at timestamptz,
  PRIMARY KEY (tenant_id, webhook_id, delivery_id)
) WITH (fillfactor = 80);
CREATE INDEX ON webhooks.delivery (tenant_id, webhook_id, created_at, delivery_id);
CREATE INDEX delivery_due ON webhooks.delivery (next_at) WHERE status = 'waiting';
CREATE INDEX delivery_old ON webhooks.delivery (created_at) WHERE status <> 'waiting';

SELECT es.protect('webhooks.secret'), es.protect('webhooks.cursor'), es.protect('webhooks.delivery');
GRANT INSERT ON webhooks.secret TO verbatim_api, verbatim_worker;
GRANT INSERT, UPDATE, DELETE ON webhooks.cursor, webhooks.delivery TO verbatim_worker;
