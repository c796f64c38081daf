-- hint: the last four characters, by which people tell their tokens apart. Older tokens have none.
ALTER TABLE access.widget_token ADD COLUMN hint text NOT NULL DEFAULT '';

-- Which tenant's widget it is: asked when its page is fetched, before anybody has said who they are.
CREATE FUNCTION access.tenant_of_widget(widget uuid) RETURNS int LANGUAGE sql STABLE AS $$
  SELECT s.tenant_id FROM es.stream s WHERE s.stream_id = widget AND s.kind = 'widget'
$$;
REVOKE ALL ON FUNCTION access.tenant_of_widget FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.tenant_of_widget TO verbatim_worker;
