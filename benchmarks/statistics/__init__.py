"""Statistics of scores over seeds: only numpy, scipy and pandas are needed."""
