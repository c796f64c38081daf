"""Read models: tables, fold and queries, one noun per file; the sentences of the history."""
