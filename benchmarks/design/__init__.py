"""What is run: experiments, cells, their settings and what a report of them is made of."""
