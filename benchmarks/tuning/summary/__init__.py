"""What studies come to, as arrays and tables."""
