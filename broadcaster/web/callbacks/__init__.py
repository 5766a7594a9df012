"""What providers and receiving devices tell us."""
