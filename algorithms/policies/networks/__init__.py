"""Networks of a population: what reads an observation."""
