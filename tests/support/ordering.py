"""The order of the tests. With several workers, long modules begin first."""

import random
from itertools import groupby

import pytest

# A worker takes the next module when it is done with one, so a long one at the end would keep one
# worker busy alone. By measured time; scripts/test.sh shows the slowest tests at its end.
LONGEST: tuple[str, ...] = ()


def arrange_items(items: list[pytest.Item], seed: str | None) -> None:
    """Put the longest modules first, or shuffle modules and the tests of each with a seed."""
    modules = [list(of_one) for _, of_one in groupby(items, key=_module)]
    if seed is None:
        modules.sort(key=lambda of_one: _rank(_module(of_one[0])))
    else:
        order = random.Random(seed)
        order.shuffle(modules)
        for of_one in modules:
            order.shuffle(of_one)
    items[:] = [item for of_one in modules for item in of_one]


def _module(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _rank(module: str) -> int:
    return LONGEST.index(module) if module in LONGEST else len(LONGEST)
