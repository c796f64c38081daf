"""The language of live chat: aggregates, events, values, refusals. No I/O, no clock, no randomness."""
