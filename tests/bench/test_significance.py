"""The p-values of bench/comparing.py are those that counting every case gives."""

import itertools
import math
import random
import statistics

import pytest

from bench.accounts.significance import beyond, compared, kolmogorov_smirnov, mann_whitney, u_of


def exact(one: list[float], other: list[float]) -> float:
    """Return the p of U by trying every way to part the values in two.

    What is exactly as far from the middle counts a half ("mid-p"), as U goes in steps.
    """
    both, middle = [*one, *other], len(one) * len(other) / 2
    distance = abs(u_of(one, other) - middle)
    found = []
    for chosen in itertools.combinations(range(len(both)), len(one)):
        here = [both[i] for i in chosen]
        rest = [value for i, value in enumerate(both) if i not in chosen]
        further = abs(u_of(here, rest) - middle) - distance
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
def test_mann_whitney_is_near_to_the_exact_one(one: list[float], other: list[float]):
    assert mann_whitney(one, other) == pytest.approx(exact(one, other), abs=0.05)
    assert mann_whitney(one, other) == pytest.approx(mann_whitney(other, one))


def test_ties_are_counted():
    """Nine are 1 and five are 2; U is 14 where the middle is 24.5."""
    one, other = [1, 1, 1, 1, 1, 1, 2], [1, 1, 1, 2, 2, 2, 2]

    assert u_of(one, other) == 6 * 3 / 2 + 3 + 4 / 2 == 14
    variance = 7 * 7 / 12 * (15 - (9**3 - 9 + 5**3 - 5) / (14 * 13))
    expected = math.erfc(10.5 / math.sqrt(2 * variance))
    assert mann_whitney(one, other) == pytest.approx(expected)
    assert mann_whitney([3.0] * 5, [3.0] * 9) == 1.0


@pytest.mark.parametrize(("value", "p"), [(1.2238, 0.1), (1.3581, 0.05), (1.6276, 0.01)])
def test_kolmogorovs_distribution_is_that_of_the_tables(value: float, p: float):
    assert beyond(value) == pytest.approx(p, abs=0.0002)
    assert beyond(0.0) == 1.0


def drawn(seed: int, count: int = 1000, *, later: float = 0.0, wider: float = 1.0) -> list[float]:
    return [later + wider * random.Random(f"{seed} {n}").gauss(0, 1) for n in range(count)]


def test_what_is_alike_is_found_alike():
    few = [compared(drawn(seed), drawn(seed + 500)) for seed in range(60)]

    for name in ("p", "ks_p"):
        assert sum(one[name] < 0.05 for one in few) <= 8  # three are to be expected
        assert sum(one[name] < 0.5 for one in few) >= 15


def test_what_is_later_is_found_by_both():
    one = compared(drawn(1, later=0.3), drawn(2))

    assert one["p"] < 1e-6
    assert one["ks_p"] < 1e-6
    assert 0.55 < one["chance"] < 0.62


def test_what_is_spread_otherwise_is_found_by_the_second():
    wider, usual = drawn(3, wider=2.0), drawn(4)

    assert kolmogorov_smirnov(wider, usual) < 1e-6
    assert mann_whitney(wider, usual) > 0.01
