"""Cases of the decision guide: declared by experiments, answered by reports.sections.guide."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GuideCase:
    """A case, and the tasks of an experiment that represent it.

    aspect    horizon, reward, vocabulary, staleness, policy, ...      case  which, in words
    variants  the compared variants; empty: all learners
    """

    aspect: str
    case: str
    tasks: tuple[str, ...]
    variants: tuple[str, ...] = ()
