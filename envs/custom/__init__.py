"""What is asked of an environment that is not ours: its faults are found, and its code is part of a result's identity."""
