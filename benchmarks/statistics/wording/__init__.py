"""What the statistics show, in sentences: a claim is made only where a corrected test shows it."""
