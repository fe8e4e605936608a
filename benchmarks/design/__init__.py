"""What is run: experiments, cells, and the settings of each."""
