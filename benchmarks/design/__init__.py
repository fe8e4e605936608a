"""What is run: experiments, their cells, and the identity of both."""
