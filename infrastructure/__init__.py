"""Adapters: the event store, relay, runners, ports of the application, settings, embedded servers."""
