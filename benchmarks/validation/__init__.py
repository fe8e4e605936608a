"""Validation of user input: names, folders, numbers, environments that end their process."""
