"""The reports of experiments: their contents, and their output as HTML, Markdown, CSV and LaTeX."""
