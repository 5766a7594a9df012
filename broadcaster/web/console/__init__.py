"""What the team looks at: campaigns and how they go."""
