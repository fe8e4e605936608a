"""The kinds of files in which a figure is drawn, apart from what draws them, for the command line."""

SUFFIXES = (".svg", ".pdf", ".png")  # those that are written where nothing else is asked for
KINDS = (*SUFFIXES, ".pgf")  # all that can be asked for; PDF with its fonts in it, PGF in those of the LaTeX document
