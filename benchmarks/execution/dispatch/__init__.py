"""Which job goes to the engine when, and what becomes of jobs that hang, die or take too long."""
