"""One population trains: the loop, its state, the learner and evaluation."""
