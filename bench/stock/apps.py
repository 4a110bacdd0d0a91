"""Aggios' app of people for the stock project: its models and migrations, nothing that listens."""

from django.apps import AppConfig


class Accounts(AppConfig):
    """``accounts`` without what it does when Aggios starts."""

    name = "accounts"
