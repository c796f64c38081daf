"""Tracking beside the log: what browsers report, stored in groups, kept for some weeks; and who is there now."""
