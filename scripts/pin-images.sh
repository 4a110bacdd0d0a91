#!/usr/bin/env bash
# Pin every third-party image of docker-compose.yml and the Dockerfile to its current digest:
# name:tag becomes name:tag@sha256:…. The tag is only for the reader; Docker pulls the digest. Run it
# for a release and after a change of a tag, review the diff and commit it.
#
#   scripts/pin-images.sh           look the digests up and write them; needs docker with buildx
#   scripts/pin-images.sh --check   only list the images without a digest
#
# Exit status: 0 all are pinned, 1 some are not (--check), 64 wrong usage, 69 docker is missing,
# 75 a digest could not be looked up: nothing was changed.
set -euo pipefail

cd "$(dirname -- "$0")/.."

# Our own image is built here; its name is a variable.
images() {
    sed -nE 's/^ *image: ([a-z0-9][^ $]*).*$/\1/p' docker-compose.yml
    sed -nE 's/^ARG PYTHON_IMAGE=([^ ]+)$/\1/p' Dockerfile
}

case ${1:-} in
--check)
    loose=$(images | grep -v '@sha256:[0-9a-f]\{64\}$' | sort -u || true)
    [ -z "$loose" ] || { printf 'not pinned: %s\n' $loose; exit 1; }
    exit 0
    ;;
'') ;;
*)
    echo "pin-images: the only option is --check." >&2
    exit 64
    ;;
esac

command -v docker >/dev/null || { echo "pin-images: docker is needed." >&2; exit 69; }

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cp docker-compose.yml Dockerfile "$work"

for image in $(images | sort -u); do
    tag=${image%@*}
    digest=$(docker buildx imagetools inspect "$tag" --format '{{.Manifest.Digest}}') || digest=
    if ! printf '%s\n' "$digest" | grep -qE '^sha256:[0-9a-f]{64}$'; then
        echo "pin-images: $tag: no digest could be looked up; nothing was changed." >&2
        exit 75
    fi
    # The dot is the only character of image names that is special in a pattern.
    pattern=$(printf '%s' "$image" | sed 's/\./\\./g')
    sed -i.former -E "s,(image: |ARG PYTHON_IMAGE=)$pattern( .*)?\$,\1$tag@$digest\2," \
        "$work/docker-compose.yml" "$work/Dockerfile"
    echo "$tag@$digest"
done

# Overwritten and not replaced, so that owner and mode stay.
cat "$work/docker-compose.yml" >docker-compose.yml
cat "$work/Dockerfile" >Dockerfile
