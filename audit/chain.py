"""The chain of a trail: PostgreSQL makes it at commit (docs/decisions/0009-audit-chain.md)."""

from pathlib import Path

FUNCTIONS_SQL = Path(__file__).with_name("functions.sql")
