#!/usr/bin/env bash
# Measure the front page, the log-in and the list of files with Lighthouse, on a phone with a slow
# network as it simulates one:
#
#   npm install --prefix FOLDER lighthouse        once, outside of the checkout
#   scripts/start-dev.sh                          in another terminal
#   scripts/lighthouse.sh FOLDER [repetitions]    (3) prints the best scores of each page
#
# It needs Node.js and Chromium (CHROME_PATH names another than /usr/bin/chromium). AGGIOS_PORT is the
# port of the site (8080). Other work on the machine lowers the score for performance.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

program=${1:-}/node_modules/.bin/lighthouse
if [ ! -x "$program" ]; then
    sed -n 's/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | tail -n +2 >&2
    exit 2
fi
export CHROME_PATH=${CHROME_PATH:-/usr/bin/chromium}
exec "$root/.venv/bin/python" "$root/scripts/lib/lighthouse.py" "$program" "${2:-3}"
