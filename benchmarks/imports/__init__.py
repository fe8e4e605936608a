"""Learning curves of other programs, read into cells that reports hold beside ours."""
