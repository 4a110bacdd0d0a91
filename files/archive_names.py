"""Names of the members of a ZIP: relative, safe on every system, and unique.

A ZIP is extracted by programs that trust its names, so none may lead out of the folder (CWE-22),
name a device of Windows, or overwrite another member. File systems of Windows and
macOS compare names without case.
"""

from collections.abc import Iterable

from files.filenames import MAX_NAME_BYTES, has_control, safe_part

# Windows: "Naming Files, Paths, and Namespaces". A colon would also begin a drive or a stream.
FORBIDDEN = frozenset('<>:"|?*\\')
REPLACEMENT = "_"


def member_names(names: Iterable[str], *, base: str = "") -> list[str]:
    """Return the member name of each file name, in the same order.

    ``base`` is a folder with its "/", which is left out of the names of the files in it. Equal
    names get a number: ``a.txt``, ``a (2).txt``. So does a file with the name of a folder.
    """
    safe = [safe_path(name.removeprefix(base)) for name in names]
    taken = {_key(folder) for path in safe for folder in _folders(path)}
    counts: dict[str, int] = {}
    return [_claim(path, taken, counts) for path in safe]


def safe_path(name: str) -> str:
    """Return a file name as a relative path that every system accepts."""
    parts = [_safe_part(part) for part in name.split("/") if part]
    return "/".join(parts) or REPLACEMENT


def _safe_part(part: str) -> str:
    if not part.strip(". "):  # "." and ".." too
        return REPLACEMENT
    return safe_part("".join(REPLACEMENT if _is_forbidden(char) else char for char in part))


def _is_forbidden(char: str) -> bool:
    return char in FORBIDDEN or has_control(char)


def _folders(path: str) -> Iterable[str]:
    """Yield every folder of a path."""
    folder, slash, _ = path.rpartition("/")
    while slash:
        yield folder
        folder, slash, _ = folder.rpartition("/")


def _claim(path: str, taken: set[str], counts: dict[str, int]) -> str:
    """Return ``path``, with the first free number if it is taken, and take it."""
    key, unique = _key(path), path
    while _key(unique) in taken:
        counts[key] = counts.get(key, 1) + 1
        unique = _numbered(path, counts[key])
    taken.add(_key(unique))
    return unique


def _numbered(path: str, number: int) -> str:
    folder, slash, last = path.rpartition("/")
    stem, dot, suffix = last.rpartition(".")
    if not stem:
        stem, dot, suffix = last, "", ""
    end = f" ({number}){dot}{suffix}"
    # A character that is cut in half is left out.
    kept = stem.encode()[: MAX_NAME_BYTES - len(end.encode())].decode(errors="ignore")
    return f"{folder}{slash}{kept}{end}"


def _key(path: str) -> str:
    return path.casefold()  # names are stored in normal form C
