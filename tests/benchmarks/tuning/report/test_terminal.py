"""What `tune` prints at its end."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.tuning.report.terminal import as_text
from tests.benchmarks.tuning.report.synthetic_studies import study


def test_chosen_values_stand_beside_the_defaults_and_the_answer_below() -> None:
    """Eight seeds: .4 by default, .5 .6 .5 .6 ... as chosen; p 2 / 2^8."""
    *table, nothing, answer = as_text([study()]).splitlines()
    assert table[0].split() == ["gae", "on", "CartPole-v1,", f"{len(study().trials)}", "trials", "default", "chosen"]
    assert table[1].split() == ["training.learning_rate", "0.003", "0.01"]
    assert table[-1].split() == ["normalised", "score,", "8", "test", "seeds", "0.400", "0.550"]
    assert len({len(line) for line in table}) == 1
    assert nothing == ""
    assert answer.startswith("Tuning raises the test score of gae on CartPole-v1 by +0.150")


def test_fixed_values_are_marked() -> None:
    """A value that is in every configuration and in no space."""
    plain, fixed = study(), {"training.discount": 0.9}
    text = as_text([replace(plain, default={**plain.default, **fixed}, configuration={**plain.configuration, **fixed})])
    assert ["training.discount", "(--set)", "0.9", "0.9"] in [line.split() for line in text.splitlines()]


def test_of_several_studies_the_answer_is_their_average_and_what_is_shown() -> None:
    """+.15 and 0: +.075 on average, which eight seeds do not show, and one gain of two after Holm."""
    *_, answer = as_text([study(), study("ppo", tuned=(0.3, 0.5) * 4)]).splitlines()
    assert answer.startswith("Tuning changes the test score by +0.075 ")
    assert "A gain is shown in 1 study of 2 (Holm over all): gae on CartPole-v1. A loss is shown in 0." in answer
    many = as_text([study(f"v{i}") for i in range(4)])
    assert len(many.splitlines()) == 1  # the report has their values
