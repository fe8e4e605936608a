"""Conformance kits: rules that test estimators and learners, and what variants promise."""
