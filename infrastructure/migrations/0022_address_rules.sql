-- By which widget a browser came. NULL for tokens of an earlier time: only the widget token beside them says it.
ALTER TABLE access.visitor_token ADD COLUMN widget_id uuid;

-- From where a widget may be talked to now: its newest rules, NULL where it never had any.
CREATE FUNCTION access.address_rules_of(tenant int, widget uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT f.facts -> 'rules' FROM access.facts(tenant, widget) f
  WHERE f.type LIKE 'widget.address_rules_set.%' ORDER BY f.version DESC LIMIT 1
$$;
REVOKE ALL ON FUNCTION access.address_rules_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.address_rules_of TO verbatim_worker;
