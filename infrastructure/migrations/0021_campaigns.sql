-- Campaigns: what browsers report of ongoing ones, beside the log like all tracking. What a campaign is, whom it was
-- sent to and what they did is in the event log.
CREATE SCHEMA campaigns;
GRANT USAGE ON SCHEMA campaigns TO verbatim_api, verbatim_worker;

-- One row per visitor and campaign: again_at NULL means that they never see it again. seen_at: when they opened it.
CREATE TABLE campaigns.impression (
  tenant_id int NOT NULL, campaign_id uuid NOT NULL, visitor_id uuid NOT NULL,
  shown_at timestamptz NOT NULL, again_at timestamptz, seen_at timestamptz,
  PRIMARY KEY (tenant_id, campaign_id, visitor_id)
) WITH (fillfactor = 80);
CREATE INDEX ON campaigns.impression (tenant_id, visitor_id);

-- How often each was shown and opened: counted in the transaction that stores the impressions.
CREATE TABLE campaigns.tally (
  tenant_id int NOT NULL, campaign_id uuid NOT NULL, shown bigint NOT NULL, seen bigint NOT NULL,
  PRIMARY KEY (tenant_id, campaign_id)
) WITH (fillfactor = 50);

SELECT es.protect('campaigns.impression'), es.protect('campaigns.tally');
GRANT INSERT, UPDATE, DELETE ON campaigns.impression, campaigns.tally TO verbatim_worker;
GRANT DELETE ON campaigns.impression TO verbatim_api;
