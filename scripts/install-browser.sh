#!/usr/bin/env bash
# Install the browser of the tests in tests/browser: Chromium, from the packages of Debian or Ubuntu.
# The tests find chromium, chromium-browser or google-chrome, or the program that CHROMIUM names.
set -euo pipefail

for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome google-chrome-stable; do
    if program=$(command -v "$name"); then
        echo "$program is installed: $("$program" --version 2>/dev/null || echo 'version unknown')"
        exit
    fi
done

if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here. Install Chromium or Google Chrome with the package manager of" >&2
    echo "this system; if its program has another name, set CHROMIUM to its path." >&2
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Only root can install packages. Run as root: apt-get install chromium" >&2
        exit 1
    fi
    as_root=(sudo)
fi

# Another program may be installing packages at the same time.
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 --yes)
"${apt[@]}" update
"${apt[@]}" install --no-install-recommends chromium
chromium --version
