"""What sentences and axes call the measures of a run."""

from __future__ import annotations

WORDS = {"ood": "return out of distribution", "test": "return on held-out prompts", "kl": "KL"}
LABELS = {  # of axes, with units
    "entropy": "entropy, nats an episode",
    "length": "actions an episode",
    "kl": "KL to the reference, nats",
    "flagged": "share of flagged words",
    "nll": "nats a token",
    "sentiment": "sentiment",
    "gap": "gap in sentiment",
    "answered": "share answered",
    "true": "share true",
    "gold": "gold",
    "gold elsewhere": "gold elsewhere",
}


def measure_name(measure: str) -> str:
    """What a sentence calls the measure."""
    return WORDS.get(measure, measure.replace("_", " "))


def axis_label(measure: str) -> str:
    """What an axis calls the measure; one without a name of its own is the return of a view of the task."""
    return LABELS.get(measure) or WORDS.get(measure, f"return: {measure}")
