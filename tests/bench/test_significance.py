"""The p-values of bench/accounts/significance.py are close to the exact ones."""

import itertools
import math
import random
import statistics

import pytest

from bench.accounts.significance import (
    compare,
    kolmogorov_smirnov,
    kolmogorov_tail,
    mann_whitney,
    mann_whitney_u,
)


def exact_p(one: list[float], other: list[float]) -> float:
    """Return the p of U by enumeration of all partitions of the values.

    A partition with exactly the same distance counts one half ("mid-p"), because U is discrete.
    """
    both, middle = [*one, *other], len(one) * len(other) / 2
    distance = abs(mann_whitney_u(one, other) - middle)
    found = []
    for chosen in itertools.combinations(range(len(both)), len(one)):
        here = [both[i] for i in chosen]
        rest = [value for i, value in enumerate(both) if i not in chosen]
        further = abs(mann_whitney_u(here, rest) - middle) - distance
        found.append(0.5 if abs(further) < 1e-9 else float(further > 0))
    return statistics.mean(found)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1, 2, 3, 4, 5, 6, 7], [2.5, 3.5, 4.5, 6.5, 7.5, 8.5, 9.5]),
        ([1, 1, 1, 1, 1, 1, 2], [1, 1, 1, 2, 2, 2, 2]),
        ([1, 1, 2, 2, 2, 3, 3], [3, 3, 3, 3, 2, 2, 4]),
    ],
)
def test_mann_whitney_p_is_close_to_the_exact_one(one: list[float], other: list[float]):
    assert mann_whitney(one, other) == pytest.approx(exact_p(one, other), abs=0.05)
    assert mann_whitney(one, other) == pytest.approx(mann_whitney(other, one))


def test_mann_whitney_is_corrected_for_ties():
    """Nine values are 1 and five are 2; U is 14, and its mean is 24.5."""
    one, other = [1, 1, 1, 1, 1, 1, 2], [1, 1, 1, 2, 2, 2, 2]

    assert mann_whitney_u(one, other) == 6 * 3 / 2 + 3 + 4 / 2 == 14
    variance = 7 * 7 / 12 * (15 - (9**3 - 9 + 5**3 - 5) / (14 * 13))
    expected = math.erfc(10.5 / math.sqrt(2 * variance))
    assert mann_whitney(one, other) == pytest.approx(expected)
    assert mann_whitney([3.0] * 5, [3.0] * 9) == 1.0


@pytest.mark.parametrize(("value", "p"), [(1.2238, 0.1), (1.3581, 0.05), (1.6276, 0.01)])
def test_kolmogorov_tail_matches_published_tables(value: float, p: float):
    assert kolmogorov_tail(value) == pytest.approx(p, abs=0.0002)
    assert kolmogorov_tail(0.0) == 1.0


def sample(seed: int, count: int = 1000, *, shift: float = 0.0, scale: float = 1.0) -> list[float]:
    return [shift + scale * random.Random(f"{seed} {n}").gauss(0, 1) for n in range(count)]


def test_equal_distributions_are_not_told_apart():
    few = [compare(sample(seed), sample(seed + 500)) for seed in range(60)]

    for name in ("p", "ks_p"):
        assert sum(one[name] < 0.05 for one in few) <= 8  # three are expected
        assert sum(one[name] < 0.5 for one in few) >= 15


def test_shifted_distribution_is_detected_by_both_tests():
    one = compare(sample(1, shift=0.3), sample(2))

    assert one["p"] < 1e-6
    assert one["ks_p"] < 1e-6
    assert 0.55 < one["chance"] < 0.62


def test_different_spread_is_detected_by_kolmogorov_smirnov():
    wider, usual = sample(3, scale=2.0), sample(4)

    assert kolmogorov_smirnov(wider, usual) < 1e-6
    assert mann_whitney(wider, usual) > 0.01
