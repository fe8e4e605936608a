"""From stored cells to the curves that reports and the running experiment compare."""
