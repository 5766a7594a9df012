"""Areas: read, checked, mended, stored, asked and shown."""
