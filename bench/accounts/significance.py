"""Whether two samples can come from one distribution: two tests, each with its p-value.

Mann-Whitney U sees that one side is mostly later, Kolmogorov-Smirnov also that it is spread
otherwise. Both by the approximations for large samples, with the standard library alone.
"""

import bisect
import math
import statistics
from collections import Counter
from collections.abc import Sequence

TERMS = 100


def compared(known: Sequence[float], unknown: Sequence[float]) -> dict[str, float]:
    """Compare two samples of seconds; ``p`` is of Mann-Whitney, ``ks_p`` of Kolmogorov-Smirnov.

    ``chance`` is that of telling right which of two is the known one by which took longer: 0.5 is
    a coin's. The medians are in milliseconds.
    """
    u = u_of(known, unknown)
    return {
        "p": mann_whitney(known, unknown),
        "ks_p": kolmogorov_smirnov(known, unknown),
        "chance": u / (len(known) * len(unknown)),
        "known_ms": statistics.median(known) * 1000,
        "unknown_ms": statistics.median(unknown) * 1000,
    }


def u_of(one: Sequence[float], other: Sequence[float]) -> float:
    """Return in how many pairs ``one`` is the greater; equal ones count a half."""
    ordered = sorted(other)
    below = sum(bisect.bisect_left(ordered, value) for value in one)
    return (below + sum(bisect.bisect_right(ordered, value) for value in one)) / 2


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the two-sided p by the normal approximation, corrected for ties.

    Mann, Whitney (1947); ties as in Lehmann, Nonparametrics, section 1.2. It is 1 where all values
    are equal.
    """
    n, m = len(one), len(other)
    both = n + m
    ties = sum(count**3 - count for count in Counter([*one, *other]).values())
    variance = n * m / 12 * (both + 1 - ties / (both * (both - 1)))
    if variance <= 0:
        return 1.0
    return math.erfc(abs(u_of(one, other) - n * m / 2) / math.sqrt(2 * variance))


def kolmogorov_smirnov(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the two-sided p of the greatest distance between the two distributions.

    With Stephens' correction for finite samples (1970); with ties it is on the careful side.
    """
    n, m = len(one), len(other)
    first, second = sorted(one), sorted(other)
    distance = max(
        abs(bisect.bisect_right(first, value) / n - bisect.bisect_right(second, value) / m)
        for value in {*first, *second}
    )
    root = math.sqrt(n * m / (n + m))
    return beyond((root + 0.12 + 0.11 / root) * distance)


def beyond(value: float) -> float:
    """Return the chance of more than ``value`` in Kolmogorov's distribution (1933)."""
    if value < 0.2:  # 1 to twelve places, and the series would need more terms
        return 1.0
    terms = ((-1) ** (k - 1) * math.exp(-2 * (k * value) ** 2) for k in range(1, TERMS))
    return min(max(2 * sum(terms), 0.0), 1.0)
