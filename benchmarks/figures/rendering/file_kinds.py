"""The kinds of files in which a figure is drawn, apart from what draws them, for the command line."""

SUFFIXES = (".svg", ".pdf", ".png")
