"""Checks of user environments: invalid outputs are reported, and the source code is part of a result's identity."""
