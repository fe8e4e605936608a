"""Training of one population: the loop, its state, the learner and evaluation."""
