"""Webhooks on their way out: secrets, deliveries, and the courier that carries them."""
