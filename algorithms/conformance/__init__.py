"""Checks that hold any estimator to what it promises."""
