"""Compile the translations, or list those that are missing. See scripts/messages.sh."""

import sys
from pathlib import Path

import polib

SOURCE = Path(__file__).resolve().parents[2] / "templates/locale/pt_BR/LC_MESSAGES/django.po"


def main(arguments: list[str]) -> int:
    """Return 0, or 1 when ``--check`` finds an entry that is untranslated or fuzzy."""
    entries = polib.pofile(str(SOURCE))
    if "--check" in arguments:
        incomplete = [*entries.untranslated_entries(), *entries.fuzzy_entries()]
        for entry in incomplete:
            sys.stdout.write(f"{entry.msgid}\n")
        return bool(incomplete)
    entries.save_as_mofile(str(SOURCE.with_suffix(".mo")))
    sys.stdout.write(f"{len(entries)} texts\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
