"""What became of a campaign: counts, lists and exports for people."""
