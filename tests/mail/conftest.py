"""Limits that begin anew with each test."""

from tests.accounts.conftest import fresh_limits

__all__ = ["fresh_limits"]
