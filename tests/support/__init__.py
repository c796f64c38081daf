"""What tests of several rooms share: logs in memory, servers that speak a protocol."""
