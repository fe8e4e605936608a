"""The Python interface: run variants on tasks, and read, compare and draw the results. See docs/python-api.md."""
