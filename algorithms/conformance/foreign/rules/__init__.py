"""What is asked of a function of another library: changes that must not matter, ratios, shares, scales, exact means."""
