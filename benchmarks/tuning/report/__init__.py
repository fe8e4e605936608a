"""The report of tuning studies, a section a module."""
