"""NATS: the relay of the log into JetStream, and what processes hear of it."""
