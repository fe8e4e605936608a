"""One file, one algorithm: its formula, its source, its composition."""
