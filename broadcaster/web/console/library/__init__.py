"""What the team keeps: kinds and translations, providers and limits, and evidence."""
