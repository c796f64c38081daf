-- Permission sets: what an agent holds now, out of the log, like their role.

-- NULL: no set, the role says it all. Empty: a set that is not there, which opens nothing.
CREATE FUNCTION access.permissions_of(tenant int, agent uuid) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN newest.held IS NOT NULL THEN coalesce(
    (SELECT ARRAY(SELECT jsonb_array_elements_text(f.facts -> 'permissions'))
      FROM access.facts(tenant, newest.held::uuid) f
      WHERE f.type LIKE ANY ('{permission_set.created.%,permission_set.changed.%}')
      ORDER BY f.version DESC LIMIT 1), '{}') END
  FROM (SELECT convert_from(e.payload, 'UTF8')::jsonb ->> 'permission_set_id' AS held FROM es.stream s
    JOIN es.event e ON e.stream_id = s.stream_id AND e.pos BETWEEN s.first_pos AND s.last_pos
    WHERE s.stream_id = agent AND s.tenant_id = tenant AND e.tenant_id = tenant
      AND e.type LIKE ANY ('{agent.invited.%,agent.role_changed.%}')
    ORDER BY e.version DESC LIMIT 1) newest
$$;
GRANT EXECUTE ON FUNCTION access.permissions_of TO verbatim_api, verbatim_worker;
