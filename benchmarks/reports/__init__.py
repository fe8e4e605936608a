"""The reports of experiments: what is said, and how it is written to HTML, Markdown, CSV and LaTeX."""
