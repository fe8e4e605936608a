"""Figures of one ranking beside another."""
