"""PostgreSQL and nats-server out of wheels, started and stopped by us in one data directory."""
