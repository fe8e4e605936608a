"""Sentences from statistics: a difference is claimed only where a corrected test shows it."""
