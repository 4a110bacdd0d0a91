#!/usr/bin/env bash
# The Brazilian Portuguese texts of the pages, the e-mails and the admin.
#
#   scripts/messages.sh           compile django.po into django.mo
#   scripts/messages.sh --check   list texts without a translation or with a fuzzy one; write nothing
#
# Add new texts to templates/locale/pt_BR/LC_MESSAGES/django.po by hand: it has no line numbers, so
# that two branches rarely conflict. tests/pages/test_translations.py fails for a text without one.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/lib/python.sh"
. "$root/scripts/lib/venv.sh"

prepare_venv
cd "$root"
exec .venv/bin/python scripts/lib/messages.py "$@"
