"""From a drawn figure to its files: texts that fit, margins that hold them, SVG, PDF and PNG without dates."""
