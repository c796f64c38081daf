"""What may be asked: commands and their handlers, permissions, ports, policies. Knows the domain only."""
