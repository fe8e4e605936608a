"""What `--set` makes of words: values of the types that fields declare."""

from __future__ import annotations

import numpy as np
import pytest

from algorithms import VARIANTS
from benchmarks.design.overrides import parse_assignments
from benchmarks.design.resolve import resolve
from envs import TASKS


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("estimator.kl.beta", ".1", 0.1),  # holds None
        ("estimator.kl.beta", "None", None),
        ("estimator.surrogate.high", "0.3", 0.3),
        ("training.network.hidden", "32,16", (32, 16)),
        ("training.network.hidden", "(8,)", (8,)),
        ("training.anneal", ".5", 0.5),  # bool or float
        ("training.anneal", "True", True),
        ("training.anneal", "0", 0.0),
        ("training.segment", "1e3", 1000),
        ("training.learning_rate", "1", 1.0),
        ("training.max_grad_norm", "inf", np.inf),
        ("training.network.activation", "relu", "relu"),
        ("schedule.epochs", "2", 2),
    ],
)
def test_a_field_is_read_by_its_declared_type(path: str, text: str, value: object) -> None:
    task, variant = TASKS["CartPole-v1"], VARIANTS["ppo"]
    variant, training = resolve(task, variant, parse_assignments(*resolve(task, variant), [f"{path}={text}"]))
    first, *names = path.split(".")
    found = training if first == "training" else getattr(variant, first)
    for name in names:
        found = getattr(found, name)
    assert found == value
    assert type(found) is type(value)


def test_an_integer_stays_one_where_the_field_is_a_number_for_populations() -> None:
    """NStep.n is declared as a number, so that members may differ in it; 3 steps are 3 and not 3.0."""
    variant = VARIANTS["a2c"]
    values = parse_assignments(*resolve(TASKS["CartPole-v1"], variant), ["estimator.credit.n=3"])
    made = resolve(TASKS["CartPole-v1"], variant, values).algorithm
    assert repr(made.estimator.credit) == "NStep(n=3)"
