"""One family a question: no two places of a report say opposite things of one pair, on the same tasks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.report_blocks import Prose, Section, Table
from benchmarks.experiments import EXPERIMENTS
from benchmarks.findings.entropy_bonus import EntropyBonus
from benchmarks.findings.parity import Parity
from benchmarks.findings.staleness import Staleness
from benchmarks.loading.suites import read_folder
from benchmarks.reports import loading
from benchmarks.reports.inputs import ReportInput
from benchmarks.reports.sections import pairs
from benchmarks.statistics.families import Ledger, hypothesis
from benchmarks.store import pooling
from benchmarks.store.sources import read_meta, stored_cells
from benchmarks.store.suite import Data, Suite
from envs.api import Scale
from tests.benchmarks.headlines import headline
from tests.benchmarks.synthetic_results import frame, report_input, run_rows

REFERENCE = Path("results/reference")
Said = tuple[str, float | None]  # gains, loses or open, as seen from the first name in order; p where it is given


def test_the_first_family_that_asks_decides() -> None:
    """Holm of .01, .04 is .02, .04; of the pairs that are left, .03 alone stays .03. Which stands first does not matter."""
    ledger = Ledger()
    first = ledger.correct("a", [hypothesis("x", "y", ["t"]), hypothesis("x", "z", ["t"])], np.array([0.01, 0.04]))
    assert [d.p for d in first] == pytest.approx([0.02, 0.04])
    later = ledger.correct("b", [hypothesis("y", "x", ["t"]), hypothesis("y", "z", ["t"])], np.array([0.01, 0.03]))
    assert [d.p for d in later] == pytest.approx([0.02, 0.03])
    assert [(d.family, d.size) for d in later] == [("a", 2), ("b", 1)]
    other = ledger.correct("c", [hypothesis("x", "y", ["t", "u"])], np.array([0.5]))  # other tasks: another question
    assert other == [(0.5, "c", 1)]


def statements(report: ReportInput) -> Iterator[tuple[tuple[str, str], tuple[str, ...], str, Said]]:
    """Every statement of a report about two variants: who, on which tasks, where it stands, what."""
    suite = report.suite
    sections = list(pairs.families(report))
    for section, block in ((s, b) for s in sections for b in s.blocks):
        if isinstance(block, Table) and {"variant", "against"} <= set(block.frame.columns):
            p = "p_joint" if "p_joint" in block.frame else "p_holm"
            for row in block.frame.to_dict("records"):
                pair = str(row["variant"]), str(row["against"])
                tasks = (str(row["task"]),) if "task" in row else tuple(suite.tasks(*pair))
                word = "open" if row[p] >= 0.05 else "gains" if row["difference"] > 0 else "loses"
                yield _sorted(pair, tasks, block.name, (word, float(row[p])))
        elif isinstance(block, Prose):
            yield from _of_sentences(block.text, suite, section)
    yield from _of_headline(headline(suite, report.ledger), suite)
    if report.finding:
        yield from _of_finding(report.finding.sentence(Data(suite, report.measures)), suite)


def _sorted(
    pair: tuple[str, str], tasks: tuple[str, ...], where: str, said: Said
) -> tuple[tuple[str, str], tuple[str, ...], str, Said]:
    turned = {"gains": "loses", "loses": "gains"}
    if pair[0] > pair[1]:
        return (pair[1], pair[0]), tasks, where, (turned.get(said[0], said[0]), said[1])
    return pair, tasks, where, said


def _of_sentences(
    text: str, suite: Suite, section: Section
) -> Iterator[tuple[tuple[str, str], tuple[str, ...], str, Said]]:
    for b, a, rest in re.findall(r"- `([^`]+)` against `([^`]+)`:? (.*)", text):
        word = "open" if rest.startswith(("no diff", "identical")) else rest.split()[0]
        yield _sorted((b, a), tuple(suite.tasks(b, a)), f"sentence of {section.title}", (word, None))


def _of_headline(text: str, suite: Suite) -> Iterator[tuple[tuple[str, str], tuple[str, ...], str, Said]]:
    """From whom the leader is separated, and from whom not."""
    best = re.match(r"`([^`]+)`", text)
    assert best is not None
    for word, pattern in (
        ("open", r"do(?:es)? not separate it from ([^.]*)\."),
        ("gains", r"better than (`[^.]*?)[,.] "),
    ):
        if found := re.search(pattern, text):
            for rival in re.findall(r"`([^`]+)`", found[1]):
                yield _sorted((best[1], rival), tuple(suite.tasks(best[1], rival)), "headline", (word, None))


def _of_finding(text: str, suite: Suite) -> Iterator[tuple[tuple[str, str], tuple[str, ...], str, Said]]:
    """What a finding of staleness says of lags against gae, and of any variant on one task."""
    tasks = tuple(suite.scales)
    for lag in re.findall(r"lag (\d+) costs", text):
        yield _sorted((f"lag {lag}", "gae"), tasks, "finding", ("loses", None))
    if quiet := re.search(r"[nN]o loss is shown at lags? ([\d, and]+):", text):
        for lag in re.findall(r"\d+", quiet[1]):
            yield _sorted((f"lag {lag}", "gae"), tasks, "finding", ("open", None))
    for task in tasks:
        for sentence in re.findall(rf"On {re.escape(task)} (`[^.]*? (?:gains|loses) [^\n]*)", text):
            for b, word in re.findall(r"`([^`]+)` (gains|loses)", sentence):
                against = b.partition(" + ")[0] if " + " in b else "gae"
                yield _sorted((b, against), (task,), "finding by task", (word, None))


def assert_no_two_disagree(report: ReportInput) -> int:
    """Of every pair and tasks there is one word and one p, wherever it is said; returns how many are said twice."""
    found = defaultdict(list)
    for pair, tasks, where, said in statements(report):
        found[pair, tuple(sorted(tasks))].append((where, said))
    for asked, places in found.items():
        assert len({word for _, (word, _) in places}) == 1, (asked, places)
        p = [value for _, (_, value) in places if value is not None]
        assert max(p, default=0) == pytest.approx(min(p, default=0)), (asked, places)
    return sum(len(places) > 1 for places in found.values())


def released(name: str, tmp_path: Path) -> ReportInput:
    """What the report of a released experiment is made of."""
    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, ComparisonExperiment)
    paths = stored_cells(REFERENCE / name)
    chosen = pooling.select(paths, [read_meta(p) for p in paths])
    return loading.build_report_input(experiment, read_folder([paths[i] for i in chosen], tmp_path), tmp_path)


@pytest.mark.parametrize("name", ["staleness", "entropy_schedules"])
def test_the_places_of_a_released_report_agree(name: str, tmp_path: Path) -> None:
    report = released(name, tmp_path)
    assert assert_no_two_disagree(report) >= 8


def runs(finals: dict[tuple[str, str], np.ndarray]) -> pd.DataFrame:
    """Ten seeds of these final scores, in two checkpoints."""
    return pd.DataFrame(
        row
        for (task, variant), of in finals.items()
        for seed, score in enumerate(of)
        for row in run_rows(task, variant, seed, [0.0, float(score)], greedy=0.0)
    )


def borderline(tasks: tuple[str, ...], seed: int) -> Suite:
    """Twelve variants a little apart, so that many a p is near .05 and its correction matters."""
    rng = np.random.default_rng(seed)
    luck = rng.normal(0, 0.1, (len(tasks), 10))
    names = ["gae", *(f"lag {k}" for k in (1, 2, 4, 8, 16)), *(f"lag {k} + IS" for k in (1, 2, 4, 8, 16)), "ppo"]
    finals = {
        (t, v): 0.5 + luck[i] - 0.02 * j + rng.normal(0, 0.04, 10)
        for i, t in enumerate(tasks) for j, v in enumerate(names)
    }  # fmt: skip
    return Suite(runs(finals), {t: Scale(0.0, 1.0, 0.9) for t in tasks}, names)


LAGS = {k: f"lag {k}" for k in (1, 2, 4, 8, 16)}
PARENTS = {"gae": None, "ppo": "gae", **dict.fromkeys(LAGS.values(), "gae"), **{f"{v} + IS": v for v in LAGS.values()}}
FINDING = Staleness(
    "gae", LAGS, 8, {"IS": "lag 8 + IS"}, (16, ("lag 16 + IS",)), {"IS": {k: f"{v} + IS" for k, v in LAGS.items()}}
)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("tasks", [("t",), ("t", "u", "v")])
def test_the_places_of_a_report_agree_where_p_is_near_the_level(
    tasks: tuple[str, ...], seed: int, tmp_path: Path
) -> None:
    """On one task alone, a pair over the suite and the pair on its task are one question too."""
    plain = report_input(frame(), tmp_path)
    parents = {v: PARENTS.get(v) for v in PARENTS}
    made = replace(
        plain, suite=borderline(tasks, seed), parents=parents, finding=FINDING, baseline="gae", changes={}, metas=()
    )
    assert assert_no_two_disagree(made) > 11
    names = {d.family for d in made.ledger.decisions.values()}
    assert {"finding", "finding, corrections", "rungs", "baseline", "all pairs"} <= names
    bonuses = EntropyBonus("gae", ("lag 1", "lag 2", "ppo"), (("ppo", "lag 1"),))
    assert_no_two_disagree(replace(made, finding=bonuses))


def test_seeds_that_were_added_until_all_was_decided_keep_their_decisions(tmp_path: Path) -> None:
    """The looks decided that ppo is better and gae is not decided; the tables say so, whatever their own p is."""
    rows = [
        {"variant": "ppo", "decision": "better", "seeds": 10, "difference": 0.1, "p": 0.001},
        {"variant": "gae", "decision": "undecided", "seeds": 20, "difference": 0.3, "p": None, "p_corrected": 0.3},
    ]
    found = {"baseline": "reinforce", "cap": 20, "margin": 0.05, "alpha": 0.05, "decisions": rows}
    made = replace(report_input(frame(), tmp_path), sequential=found, baseline="reinforce")
    (table,) = (
        b.frame.set_index("variant")
        for s in pairs.families(made) for b in s.blocks
        if isinstance(b, Table) and b.name == "baseline"
    )  # fmt: skip
    assert table.loc["gae", "p_holm"] == 0.3
    assert table.loc["ppo", "p_holm"] < 0.05
    assert table.loc["ppo", "corrected in"] == "adaptive seeds, 2"
    assert_no_two_disagree(made)


def test_a_finding_on_parity_decides_the_tasks_of_its_pairs() -> None:
    """Welch's p of the finding stands in the tables by task, and not another test's."""
    rng = np.random.default_rng(0)
    finals = {(t, v): rng.normal(m, 0.1, 10) for t in ("t", "u") for v, m in (("ours", 0.5), ("theirs", 0.6))}
    suite = Suite(runs(finals), {t: Scale(0.0, 1.0, 0.9) for t in ("t", "u")}, ["ours", "theirs"])
    ledger = Ledger()
    Parity({"ours": "theirs"}).decide(suite, ledger)
    assert set(ledger.decisions) == {hypothesis("ours", "theirs", [t]) for t in ("t", "u")}
    assert {d.size for d in ledger.decisions.values()} == {4}  # two tasks, area and final return
