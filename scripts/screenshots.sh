#!/usr/bin/env bash
# Make a screenshot of every page in both languages and themes, 360 and 1280 pixels wide:
#
#   scripts/screenshots.sh [folder]            (screenshots/)
#   scripts/screenshots.sh folder -k signup    only pages of this name; other options of pytest too
#   scripts/screenshots.sh --readme            the images of README.md, in docs/images/
#
# It starts servers of its own, as the tests do. tests/support/pages/page_table.py lists the pages.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/lib/python.sh"
. "$root/scripts/lib/venv.sh"

script=tests/browser/screenshots.py
if [ "${1:-}" = --readme ]; then
    script=tests/browser/readme_images.py
    shift
    set -- "$root/docs/images" "$@"
fi
folder=$(realpath -m -- "${1:-$root/screenshots}")
[ "$#" -eq 0 ] || shift
unset PYTHONPATH PYTHONHOME
prepare_venv
cd "$root"

clean=()
for name in CHROMIUM COLUMNS HOME LANG PATH TERM TMPDIR USER; do
    if [ -n "${!name+set}" ]; then clean+=("$name=${!name}"); fi
done
mkdir -p -- "$folder"
env -i "${clean[@]}" .venv/bin/python -m pytest "$script" \
    --screenshots "$folder" "$@"
count=$(find "$folder" -name '*.png' -o -name '*.webp' | wc -l)
echo "$folder: $count screenshots"
[ "$count" -gt 0 ]
