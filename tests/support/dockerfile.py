"""Read the Dockerfile and .dockerignore."""

from tests.support.traefik_edge import ROOT

DOCKERFILE = ROOT / "Dockerfile"


def instructions() -> list[tuple[str, str]]:
    """Return (word, rest) of every instruction, its lines joined and comments left out."""
    lines = DOCKERFILE.read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    joined = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined if line.strip()]


def stage(name: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    current = ""
    for word, rest in instructions():
        current = rest.rpartition(" ")[2] if word == "FROM" else current
        found += [(word, rest)] if current == name else []
    return found


def included_in_context() -> set[str]:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    return {line[1:].rstrip("/") for line in lines if line.startswith("!")}
