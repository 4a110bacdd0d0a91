"""Measurements of Aggios beside the stock set-up, each in one run on one machine.

``python -m bench`` lists them, ``python -m bench users_me`` runs one.
"""
