"""Outgoing webhooks: endpoints, what they are to be told, and telling it."""
