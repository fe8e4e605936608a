"""What writes the generated parts of README.md and docs/: `nox -s docs`, or `python -m docs._scripts` from the root."""
