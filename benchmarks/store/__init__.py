"""Results on disk and as arrays: files, cells, packed results, states of unfinished runs."""
