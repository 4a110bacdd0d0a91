"""Aggios' apps for the stock project: their models and migrations, nothing that listens."""

from django.apps import AppConfig


class Accounts(AppConfig):
    """``accounts`` without what it does when Aggios starts."""

    name = "accounts"


class Files(AppConfig):
    """``files`` likewise."""

    name = "files"
