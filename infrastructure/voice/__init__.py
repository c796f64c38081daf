"""Calls: numbers and their leases, the tokens of providers, and Twilio by its public REST shape."""
