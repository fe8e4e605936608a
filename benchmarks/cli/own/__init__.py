"""Commands for what a user has written."""
