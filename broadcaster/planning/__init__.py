"""From a campaign to deliveries, and what that will be, in sets and not row by row."""
