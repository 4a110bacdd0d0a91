"""What becomes of every kind of name, at every door (docs/api.md, "Names")."""

from dataclasses import dataclass

KEPT = "kept"
GRIN = "\N{GRINNING FACE}"  # four bytes in UTF-8


@dataclass(frozen=True)
class Name:
    """A name, what each door says to it (a code or KEPT), and what a download is saved as.

    ``form`` is the file name in ``POST /api/files``, ``path`` its field of that name, ``announced``
    is ``POST /api/uploads``, ``renamed`` is ``PATCH /api/files/{id}`` and ``restored``
    ``POST /api/trash/{id}/restore``.
    """

    kind: str
    text: str
    saved_as: str = ""
    form: str = KEPT
    path: str = KEPT
    announced: str = KEPT
    renamed: str = KEPT
    restored: str = KEPT


def refused(kind: str, text: str, code: str = "invalid_name", **doors: str) -> Name:
    """Return a name that no door takes."""
    codes = dict.fromkeys(("form", "path", "announced", "renamed", "restored"), code)
    return Name(kind, text, **{**codes, **doors})


# What DRF says of it in JSON, before our rules are asked.
NUL = "null_characters_not_allowed"
# A part of a form has at most 1 KiB of headers (Django), the file name among them.
HEADER = "malformed_body"

NAMES = [
    # An empty ``path`` is no path: the file's own name counts.
    refused("empty", "", "required", path=KEPT),
    refused("blank", "   "),
    Name("255 bytes", "x" * 251 + ".txt", "x" * 251 + ".txt"),
    Name("255 characters of four bytes", GRIN * 251 + ".txt", GRIN * 62 + ".txt", form=HEADER),
    refused("256 characters", "x" * 256, "too_long"),
    refused("1000 characters", "x" * 1000, "too_long", form=HEADER),
    Name("folders", "reports/q1.pdf", "q1.pdf", form="invalid_name"),
    refused("upwards", "../up.txt"),
    refused("upwards inside", "a/../b.txt"),
    refused("root", "/etc/passwd"),
    refused("dot", "."),
    refused("two dots", ".."),
    refused("backslash", "a\\b.txt"),
    refused("NUL", "a\0b.txt", announced=NUL, renamed=NUL, restored=NUL),
    refused("line feed", "a\nb.txt"),
    refused("carriage return", "a\rb.txt"),
    refused("delete", "a\x7fb.txt"),
    Name("direction turned", "photo\u202egpj.exe", "photo_gpj.exe"),
    Name("right-to-left mark", "a\u200fb.txt", "a_b.txt"),
    Name("right-to-left letters", "\u0645\u0644\u0641.pdf", "\u0645\u0644\u0641.pdf"),
    Name("Han", "\u6587\u4ef6.txt", "\u6587\u4ef6.txt"),
    Name(
        "emoji of several", "\U0001f469\u200d\U0001f467 x.jpg", "\U0001f469\u200d\U0001f467 x.jpg"
    ),
    Name("device", "CON", "_CON"),
    Name("device with a suffix", "con.txt", "_con.txt"),
    Name("device with two", "aux.tar.gz", "_aux.tar.gz"),
    Name("device with a blank", "nul .txt", "_nul .txt"),
    Name("almost a device", "console.txt", "console.txt"),
    Name("trailing dot", "a.txt.", "a.txt_"),
    Name("trailing blank", "a.txt ", "a.txt_"),
    Name("leading dots", "..hidden", "..hidden"),
    Name("quotes", "a\"b'c.txt", "a\"b'c.txt"),
    Name("percent and semicolon", "50%;x=1.txt", "50%;x=1.txt"),
    Name("markup", "<b>&amp;.txt", "<b>&amp;.txt"),
    Name("option", "-rf", "-rf"),
]
