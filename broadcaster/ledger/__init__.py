"""The memory of what was planned, sent and learned."""
