"""Benchmarks of Aggios, most of them against a stock set-up in the same run on the same machine.

``python -m bench`` lists them, ``python -m bench users_me`` runs one. ``harness/`` is what they
share, ``stock/`` the set-up that they compare with; the other folders hold benchmarks by subject.
"""
