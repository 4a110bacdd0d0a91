"""Refusing migrations that would block a busy table or break the release that still serves.

Each finding has a code. A migration that must be so says why:
``lint_exempt = {"add_index": "the table is empty in every tenant"}``.
"""
