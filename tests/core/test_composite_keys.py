"""Composite keys: different parts give different keys, and the length is bounded."""

import itertools

import pytest

from core.text.composite_keys import composite_digest, composite_key

HOSTILE = ("", "a", "/", "a/b", "1:a", "0:", "a/1:b", "sha256:", "\ud800", "\n", "é", "é" * 99)


def test_different_parts_give_different_keys():
    rows = [parts for size in range(4) for parts in itertools.product(HOSTILE, repeat=size)]

    assert len({composite_key(*parts) for parts in rows}) == len(rows)
    assert len({composite_digest(*parts) for parts in rows}) == len(rows)


@pytest.mark.parametrize("part", ["x" * 1_000_000, "\0" * 500, "\ud800", "💣" * 128])
def test_long_or_unprintable_part_is_hashed(part: str):
    key = composite_key("login_hour", part)

    assert len(key) < 100
    assert key.isprintable()
    assert key.startswith("10:login_hour/sha256:")


def test_part_that_looks_like_digest_is_hashed():
    digest = composite_key("x" * 200)

    assert composite_key(digest) != digest
