"""Linter for migrations that would block a busy table or break the release that is still running.

Each violation has a code. A migration can exempt a code with a reason:
``lint_exempt = {"add_index": "the table is empty in every tenant"}``.
"""
