"""The sockets: events go out to dashboards and widgets, nothing that becomes an event comes in."""
