"""The event log in PostgreSQL: group commit, gapless positions, hash chains, sealed personal fields."""
