"""How it is run: engines, jobs, their cost and their progress."""
