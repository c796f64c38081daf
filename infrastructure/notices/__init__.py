"""Ways by which absent visitors are told."""
