"""Credentials: who may come in. Hashes and keys live here, never in the event log."""
