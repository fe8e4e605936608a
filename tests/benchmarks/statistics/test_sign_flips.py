"""The sign-flip test of one comparison: by hand, by scipy, by counting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats as sps

from benchmarks.statistics.sign_flips import SAMPLED, Alternative, sign_flip_each, sign_flip_p, smallest_p

ALTERNATIVES: tuple[Alternative, ...] = ("two-sided", "less", "greater")


def exact_by_counting(d: list[int]) -> float:
    """Two-sided p of integer differences: the number of sign patterns of each sum, added pair by pair."""
    counts = {0: 1}
    for value in d:
        nxt: dict[int, int] = {}
        for total, ways in counts.items():
            for moved in (total + value, total - value):
                nxt[moved] = nxt.get(moved, 0) + ways
        counts = nxt
    return sum(ways for total, ways in counts.items() if abs(total) >= abs(sum(d))) / 2 ** len(d)


def test_sign_flip_p_by_hand() -> None:
    """All five differences positive: 2 of 32 sign patterns are as extreme."""
    assert sign_flip_p(np.array([1.0, 2.0, 3.0, 4.0, 6.0])) == 2 / 32 == smallest_p(5)
    assert sign_flip_p(np.array([1.0, 2.0, 3.0, 4.0, 6.0]), alternative="greater") == 1 / 32
    assert sign_flip_p(np.array([1.0, 2.0, 3.0, 4.0, 6.0]), alternative="less") == 1.0
    assert sign_flip_p(np.array([1.0, 2.0, -1.0])) == 6 / 8
    assert sign_flip_p(np.array([1.0, 2.0, 0.0])) == 4 / 8  # both flips of the zero count
    assert sign_flip_p(np.zeros(5)) == sign_flip_p(np.array([3.0])) == 1.0
    assert np.isnan(sign_flip_p(np.array([1.0, np.nan, 2.0])))


@pytest.mark.parametrize("n", [2, 3, 5, 8, 11, 13])
@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_sign_flip_p_is_scipys(n: int, alternative: Alternative) -> None:
    rng = np.random.default_rng(n)
    for d in (rng.normal(0.5, 1, n), rng.integers(-2, 4, n) * 0.25, rng.lognormal(0, 1, n) - 1):
        if d.any():
            theirs = sps.permutation_test(
                (d,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative=alternative
            )
            assert sign_flip_p(d, alternative=alternative) == pytest.approx(theirs.pvalue, abs=1e-14)


@pytest.mark.parametrize("n", [14, 27, 40])
def test_sign_flip_p_is_exact_up_to_forty_pairs(n: int) -> None:
    d = np.random.default_rng(n).integers(-20, 32, n)
    exact = exact_by_counting(d.tolist())
    assert sign_flip_p(d) == pytest.approx(exact, rel=1e-12)
    assert sign_flip_p(d * 0.1) == pytest.approx(exact, rel=1e-12)  # equal sums that round differently


def test_sign_flip_p_is_drawn_above_forty_pairs() -> None:
    d = np.random.default_rng(0).integers(-20, 30, 60)
    p, exact = sign_flip_p(d), exact_by_counting(d.tolist())
    assert p == pytest.approx(exact, rel=0.1)
    assert p == sign_flip_p(d) != sign_flip_p(d, np.random.default_rng(1))
    assert sign_flip_p(d, alternative="greater") == pytest.approx(exact / 2, rel=0.1)
    assert sign_flip_p(-d, alternative="less") == pytest.approx(exact / 2, rel=0.1)
    assert sign_flip_p(-d, alternative="greater") > 0.9
    assert sign_flip_p(np.ones(60)) == 1e-5  # no flip of 99,999 reaches it: 1 / 100,000


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_tested_together_each_p_is_the_one_tested_alone(alternative: Alternative) -> None:
    """Bit for bit: of unlike numbers of pairs, exact and sampled, with ties and without; and who has no test has 1."""
    rng = np.random.default_rng(5)
    many = [rng.normal(0.1, 0.4, 41) if i % 2 else rng.integers(-2, 4, 41) * 0.1 for i in range(300)]
    several = [*many, rng.normal(0.1, 1, 90), rng.normal(0.1, 1, 12), np.zeros(50), np.ones(1), np.full(50, np.nan)]
    each = sign_flip_each(several, alternative=alternative).tolist()
    some = [*range(0, 300, 23), *range(300, 304)]
    assert [each[i] for i in some] == [sign_flip_p(several[i], alternative=alternative) for i in some]
    assert each[-3:-1] == [1.0, 1.0]
    assert np.isnan(each[-1])


def test_flips_are_unpacked_once_however_many_are_tested_together(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[int] = []
    unpack = np.unpackbits

    def counted(bits: Any, **more: Any) -> Any:
        unpacked.append(len(bits))
        return unpack(bits, **more)

    monkeypatch.setattr(np, "unpackbits", counted)
    sign_flip_each([*np.random.default_rng(0).normal(size=(700, 41))])
    assert sum(unpacked) == SAMPLED
