"""Commands on the cells of several folders."""
