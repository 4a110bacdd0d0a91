"""A picture whose parts were checked."""

from dataclasses import dataclass


class InvalidImageError(ValueError):
    """The bytes are no complete picture of a format that is read."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: its type, its size in pixels, and its bytes without anything else."""

    content_type: str
    width: int
    height: int
    data: bytes
