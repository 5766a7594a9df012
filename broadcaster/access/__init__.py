"""Who is let in: operators, how they prove who they are, and how long that holds."""
