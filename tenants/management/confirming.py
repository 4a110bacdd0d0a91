"""Asking once more before a command does what cannot be taken back."""

from django.core.management.base import CommandError


def confirm(slug: str, question: str, otherwise: str = "Nothing was changed.") -> None:
    """Return once the slug was typed. Raises CommandError for any other word, and without a person.

    ``question`` tells what will happen and what to type, ``otherwise`` what has become of it.
    """
    try:
        typed = input(question)
    except EOFError:
        raise CommandError("Nobody is there to confirm; give --yes.") from None
    if typed.strip() != slug:
        raise CommandError(otherwise)
