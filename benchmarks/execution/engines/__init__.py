"""Engines: what runs jobs, on this machine or on others (benchmarks.execution.engine has their protocol)."""
