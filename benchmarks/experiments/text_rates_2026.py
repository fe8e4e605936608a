"""Which learning rate is best for each estimator of 2026 on text? As `text_rates`, for those that came later."""

from dataclasses import replace

from benchmarks.experiments import text_rates
from benchmarks.experiments.estimators_2026 import LEARNERS

EXPERIMENT = replace(
    text_rates.EXPERIMENT,
    name="text_rates_2026",
    question="Which learning rate can each estimator of 2026 bear on text?",
    variants=LEARNERS,
)
