"""Control tasks: tables of tasks by field, and the adapters that run them."""
