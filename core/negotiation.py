"""Which representation an answer has, whatever ``Accept`` says."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class IgnoreClientContentNegotiation(DefaultContentNegotiation):
    """Answers in the form there is rather than with 406, as RFC 9110 section 12.5.1 allows.

    ``<img>``, download managers and clients that accept ``application/problem+json`` alone would be
    turned away otherwise, and an answer that they can read anyway is of more use.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer; every view of ours has one."""
        first = next(iter(renderers))
        return first, str(first.media_type)
