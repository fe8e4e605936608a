"""`train`: cells trained in this process, with their learning curves in the terminal."""
