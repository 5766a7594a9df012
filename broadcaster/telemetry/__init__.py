"""How we are, told to those who watch machines: metrics, traces, and what both are called."""
