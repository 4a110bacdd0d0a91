#!/usr/bin/env bash
# Write the software bill of materials of a release: CycloneDX 1.6, JSON, from the locked
# requirements with their hashes. The same lock gives the same bytes. Needs a package registry, or
# CYCLONEDX_PY, the path of an installed cyclonedx-py. Packages of the images are not included.
#
#   scripts/make-sbom.sh            into aggios-sbom.cdx.json
#   scripts/make-sbom.sh FILE
set -euo pipefail

CYCLONEDX_VERSION='>=7.5,<8'

cd "$(dirname -- "$0")/.."
. scripts/lib/python.sh
python=$(find_python)
target=${1:-aggios-sbom.cdx.json}

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

tool=${CYCLONEDX_PY:-}
if [ -z "$tool" ]; then
    "$python" -m venv "$work/env"
    "$work/env/bin/python" -m pip install --quiet --disable-pip-version-check \
        "cyclonedx-bom$CYCLONEDX_VERSION" \
        || { echo "make-sbom: cyclonedx-bom could not be installed; nothing was written." >&2; exit 75; }
    tool=$work/env/bin/cyclonedx-py
fi

# Each option of its own: the root component is described by pyproject.toml.
"$tool" requirements requirements.txt --pyproject pyproject.toml --mc-type application \
    --output-reproducible --output-format JSON --spec-version 1.6 --output-file "$work/sbom.json"
mv -- "$work/sbom.json" "$target"
echo "$target: $(grep -c '"purl"' "$target") packages"
