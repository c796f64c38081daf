"""Policies: whenever X, then Y. Followed by a reactor, at least once per event, never rebuilt."""
