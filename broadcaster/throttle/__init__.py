"""How fast a provider may be used, kept for all workers together."""
