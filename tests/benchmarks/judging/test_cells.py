"""The cells of a judgement: equal tuning on selection seeds, then blocks of drawn test seeds."""

from algorithms import VARIANTS
from benchmarks.judging.cells import hidden_cells, open_cells, stages_of
from benchmarks.judging.hidden import Hidden, hide
from benchmarks.judging.protocol import Protocol
from envs import TASKS
from envs.seeding import Purpose

TASK = TASKS["bandit/small"]
CONTESTANTS = (VARIANTS["rloo"], VARIANTS["gae"])
PROTOCOL = Protocol(rates=(0.01, 0.03), tuning_seeds=2, env_steps=500)


def test_all_contestants_try_the_same_rates_on_the_same_selection_seeds() -> None:
    first, second = open_cells([TASK], CONTESTANTS, PROTOCOL)
    assert (first.algorithm.name, second.algorithm.name) == ("rloo", "gae")
    assert first.members == second.members
    assert first.members.purpose is Purpose.SELECTION
    pairs = zip(first.members.seeds, first.members.rates, strict=True)
    assert sorted(pairs) == [(0, 0.01), (0, 0.03), (1, 0.01), (1, 0.03)]
    assert first.env_steps == second.env_steps == 500


def test_each_look_adds_the_next_ten_drawn_seeds_at_the_chosen_rates() -> None:
    hidden, rates = Hidden("0" * 64, (TASK,), 7_000_000), {"rloo": 0.01, "gae": 0.03}
    for look, begin in ((1, 7_000_000), (2, 7_000_010)):
        cells = hidden_cells(hidden, CONTESTANTS, rates, look, PROTOCOL)
        for cell in cells:
            assert cell.members.seeds == tuple(range(begin, begin + 10))
            assert cell.members.rates == (rates[cell.algorithm.name],) * 10
            assert cell.members.purpose is Purpose.TEST
        assert [cell.algorithm.name for cell in cells] == ["rloo", "gae"]


def test_a_rival_that_trains_longer_than_the_candidate_waits() -> None:
    rivals = [VARIANTS[name] for name in ("npg", "entropy_annealed", "gae")]
    stages = {name: stages_of(hide(""), VARIANTS[name], rivals, Protocol()) for name in ("gae", "ppo", "npg")}
    assert stages["gae"] == (("entropy_annealed", "gae"), ("npg",))  # a tenth of the natural gradient's passes
    assert stages["ppo"] == stages["npg"] == (("npg", "entropy_annealed", "gae"),)  # 16 steps an update
    assert stages_of(hide(""), VARIANTS["gae"], rivals[:1], Protocol()) == (("npg",),)
