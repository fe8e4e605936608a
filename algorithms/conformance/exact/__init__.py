"""What is known of estimators by listing, without samples: moments of a gradient, and the objective that it climbs."""
