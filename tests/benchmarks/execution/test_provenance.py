"""Where numbers come from."""

from __future__ import annotations

from benchmarks.execution import provenance


def test_git_is_asked_about_all_packages() -> None:
    """A change of any of them makes a run's provenance `dirty`."""
    assert all((provenance.ROOT / package / "__init__.py").exists() for package in ("envs", "algorithms", "benchmarks"))
