"""The sections of a comparison report."""
