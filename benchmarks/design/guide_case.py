"""What a reader of the decision guide may face: declared by experiments, answered by reports.sections.guide."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GuideCase:
    """A case, and the tasks of an experiment that stand for it.

    aspect    horizon, reward, vocabulary, staleness, ...      case  which, in words
    variants  who is compared; all learners where it is empty
    """

    aspect: str
    case: str
    tasks: tuple[str, ...]
    variants: tuple[str, ...] = ()
