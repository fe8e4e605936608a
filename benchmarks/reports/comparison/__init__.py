"""The comparison of two folders of results, as a report and as a gate."""
