"""The report of two results side by side, and the gate that it can be."""
