"""What is run: experiments, cells, their settings and their identity."""
