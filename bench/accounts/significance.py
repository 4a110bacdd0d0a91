"""Two tests whether two samples can come from one distribution, each with its p-value.

Mann-Whitney U detects that one sample is mostly greater, Kolmogorov-Smirnov also that its spread
differs. Both use the approximations for large samples, and only the standard library.
"""

import bisect
import math
import statistics
from collections import Counter
from collections.abc import Sequence

TERMS = 100


def compare(known: Sequence[float], unknown: Sequence[float]) -> dict[str, float]:
    """Compare two samples of seconds; ``p`` is of Mann-Whitney, ``ks_p`` of Kolmogorov-Smirnov.

    ``chance`` is the probability to identify the known one of two by the longer time; a coin has
    0.5. The medians are in milliseconds.
    """
    u = mann_whitney_u(known, unknown)
    return {
        "p": mann_whitney(known, unknown),
        "ks_p": kolmogorov_smirnov(known, unknown),
        "chance": u / (len(known) * len(unknown)),
        "known_ms": statistics.median(known) * 1000,
        "unknown_ms": statistics.median(unknown) * 1000,
    }


def mann_whitney_u(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the number of pairs in which ``one`` is greater; a tie counts one half."""
    ordered = sorted(other)
    below = sum(bisect.bisect_left(ordered, value) for value in one)
    return (below + sum(bisect.bisect_right(ordered, value) for value in one)) / 2


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the two-sided p by the normal approximation, corrected for ties.

    Mann, Whitney (1947); ties as in Lehmann, Nonparametrics, section 1.2. The result is 1 if all
    values are equal.
    """
    n, m = len(one), len(other)
    both = n + m
    ties = sum(count**3 - count for count in Counter([*one, *other]).values())
    variance = n * m / 12 * (both + 1 - ties / (both * (both - 1)))
    if variance <= 0:
        return 1.0
    return math.erfc(abs(mann_whitney_u(one, other) - n * m / 2) / math.sqrt(2 * variance))


def kolmogorov_smirnov(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the two-sided p of the greatest distance between the two distributions.

    With Stephens' correction for finite samples (1970). With ties the result is too large rather
    than too small.
    """
    n, m = len(one), len(other)
    first, second = sorted(one), sorted(other)
    distance = max(
        abs(bisect.bisect_right(first, value) / n - bisect.bisect_right(second, value) / m)
        for value in {*first, *second}
    )
    root = math.sqrt(n * m / (n + m))
    return kolmogorov_tail((root + 0.12 + 0.11 / root) * distance)


def kolmogorov_tail(value: float) -> float:
    """Return the probability of more than ``value`` in Kolmogorov's distribution (1933)."""
    if value < 0.2:  # it is 1 to twelve decimal places, and the series would need more terms
        return 1.0
    terms = ((-1) ** (k - 1) * math.exp(-2 * (k * value) ** 2) for k in range(1, TERMS))
    return min(max(2 * sum(terms), 0.0), 1.0)
