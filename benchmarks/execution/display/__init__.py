"""What a user sees of jobs while they run: how far they are, and how long they will still take."""
