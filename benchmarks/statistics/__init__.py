"""Statistics of scores over seeds: numpy, scipy and pandas alone; nothing here knows of figures, reports or commands."""
