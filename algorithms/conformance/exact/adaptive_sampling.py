"""The exact expected gradient under adaptive sampling (algorithms.training.groups.adaptive), for one prompt.

Rewards are 0 or 1, p is the probability of 1, and S_i = grad log pi of answer i. Rounds end and answers are kept by their
rewards alone, so E[S | right] = grad p / p and E[S | wrong] = -grad p / (1 - p) hold for kept answers too. With u of m
answers right in all, k of the kept G right, and A = R - u / m,

    E[1/G sum_i A_i S_i] = w(p) grad p,    w(p) = E[k (1 - u/m) / p + (G - k) (u/m) / (1 - p)] / G.
"""

from __future__ import annotations

from math import comb


def adaptive_factor(group: int, rounds: int, p: float) -> float:
    """w(p) for rounds of `group` answers, at most `rounds` of them, by listing how many are right after each."""
    wanted, total = group // 2, 0.0
    running = {0: 1.0}  # right answers so far -> probability that the prompt is still played
    for done in range(1, rounds + 1):
        after: dict[int, float] = {}
        for right, chance in running.items():
            for more in range(group + 1):
                ways = comb(group, more) * p**more * (1 - p) ** (group - more)
                after[right + more] = after.get(right + more, 0.0) + chance * ways
        count = done * group
        ended = {u for u in after if done == rounds or (u >= wanted and count - u >= group - wanted)}
        for right in ended:
            kept = min(right, max(min(right, wanted), group - (count - right)))
            mean = right / count
            total += after[right] * (kept * (1 - mean) / p + (group - kept) * mean / (1 - p)) / group
        running = {u: chance for u, chance in after.items() if u not in ended}
    return total
