"""What tasks and algorithms are called."""
