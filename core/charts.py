"""Bar charts as SVG that the server makes (templates/components/bar_chart.html).

A chart has no style of its own and no script: the policy of every page is ``style-src 'self'``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 600, 120
GAP_SHARE = 0.25
MIN_BAR = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. The positions are texts, because a number would be written in the user's locale."""

    day: date
    value: int | None
    text: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """The bars of consecutive days, oldest first, and the highest value as a text."""

    title: str
    bars: tuple[Bar, ...]
    highest: str
    view_box: str = f"0 0 {WIDTH} {HEIGHT}"

    @property
    def is_known(self) -> bool:
        """Whether any day has a value."""
        return any(bar.value is not None for bar in self.bars)


def bar_chart(
    title: str, values: Iterable[tuple[date, int | None]], text_of: Callable[[int], str] = str
) -> BarChart:
    """Return a chart of values by day; ``text_of`` writes a value.

    Every day has a bar. That of zero, and of None for an unknown value, has no height.
    """
    days = list(values)
    top = max((value or 0 for _, value in days), default=0)
    step = WIDTH / max(len(days), 1)
    bars = tuple(
        Bar(
            day=day,
            value=value,
            text="" if value is None else text_of(value),
            x=f"{index * step + step * GAP_SHARE / 2:.1f}",
            width=f"{step * (1 - GAP_SHARE):.1f}",
            y=f"{HEIGHT - _height(value, top):.1f}",
            height=f"{_height(value, top):.1f}",
        )
        for index, (day, value) in enumerate(days)
    )
    return BarChart(title, bars, text_of(top))


def _height(value: int | None, top: int) -> float:
    """Return the height of a bar. A small value is visible, zero is not."""
    return max(MIN_BAR, HEIGHT * value / top) if value and top else 0.0
