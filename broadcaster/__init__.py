"""Broadcaster tells customers what matters, in their language, and knows who was told."""

__version__ = "0.1.0"
