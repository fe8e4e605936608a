"""What makes a comparison of one's own: arguments of an environment, values of a setting, a name, selected rates."""
