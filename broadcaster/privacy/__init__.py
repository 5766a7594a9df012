"""What protects people: keys and sealing, disclosure, erasure, retention, and who looked."""
