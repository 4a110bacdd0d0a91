"""The result of every kind of file name at every endpoint (docs/api.md, "Names")."""

from dataclasses import dataclass

ACCEPTED = "kept"
GRIN = "\N{GRINNING FACE}"  # four bytes in UTF-8


@dataclass(frozen=True)
class FilenameCase:
    """A name, what each endpoint says to it (a code or ACCEPTED), and what a download is saved as.

    ``form`` is the file name in ``POST /api/files``, ``path`` its field of that name, ``created``
    is ``POST /api/uploads``, ``renamed`` is ``PATCH /api/files/{id}`` and ``restored``
    ``POST /api/trash/{id}/restore``.
    """

    kind: str
    text: str
    saved_as: str = ""
    form: str = ACCEPTED
    path: str = ACCEPTED
    created: str = ACCEPTED
    renamed: str = ACCEPTED
    restored: str = ACCEPTED


def rejected(kind: str, text: str, code: str = "invalid_name", **endpoints: str) -> FilenameCase:
    """Return a name that every endpoint refuses."""
    codes = dict.fromkeys(("form", "path", "created", "renamed", "restored"), code)
    return FilenameCase(kind, text, **{**codes, **endpoints})


# DRF's code for NUL in JSON, before our rules apply.
NUL = "null_characters_not_allowed"
# Django limits the headers of a form part to 1 KiB, including the file name.
HEADER = "malformed_body"

FILENAME_CASES = [
    # An empty ``path`` is ignored: the file's own name is used.
    rejected("empty", "", "required", path=ACCEPTED),
    rejected("blank", "   "),
    FilenameCase("255 bytes", "x" * 251 + ".txt", "x" * 251 + ".txt"),
    FilenameCase(
        "255 characters of four bytes", GRIN * 251 + ".txt", GRIN * 62 + ".txt", form=HEADER
    ),
    rejected("256 characters", "x" * 256, "too_long"),
    rejected("1000 characters", "x" * 1000, "too_long", form=HEADER),
    FilenameCase("folders", "reports/q1.pdf", "q1.pdf", form="invalid_name"),
    rejected("upwards", "../up.txt"),
    rejected("upwards inside", "a/../b.txt"),
    rejected("root", "/etc/passwd"),
    rejected("dot", "."),
    rejected("two dots", ".."),
    rejected("backslash", "a\\b.txt"),
    rejected("NUL", "a\0b.txt", created=NUL, renamed=NUL, restored=NUL),
    rejected("line feed", "a\nb.txt"),
    rejected("carriage return", "a\rb.txt"),
    rejected("delete", "a\x7fb.txt"),
    FilenameCase("direction turned", "photo\u202egpj.exe", "photo_gpj.exe"),
    FilenameCase("right-to-left mark", "a\u200fb.txt", "a_b.txt"),
    FilenameCase("right-to-left letters", "\u0645\u0644\u0641.pdf", "\u0645\u0644\u0641.pdf"),
    FilenameCase("Han", "\u6587\u4ef6.txt", "\u6587\u4ef6.txt"),
    FilenameCase(
        "emoji of several", "\U0001f469\u200d\U0001f467 x.jpg", "\U0001f469\u200d\U0001f467 x.jpg"
    ),
    FilenameCase("device", "CON", "_CON"),
    FilenameCase("device with a suffix", "con.txt", "_con.txt"),
    FilenameCase("device with two", "aux.tar.gz", "_aux.tar.gz"),
    FilenameCase("device with a blank", "nul .txt", "_nul .txt"),
    FilenameCase("almost a device", "console.txt", "console.txt"),
    FilenameCase("trailing dot", "a.txt.", "a.txt_"),
    FilenameCase("trailing blank", "a.txt ", "a.txt_"),
    FilenameCase("leading dots", "..hidden", "..hidden"),
    FilenameCase("quotes", "a\"b'c.txt", "a\"b'c.txt"),
    FilenameCase("percent and semicolon", "50%;x=1.txt", "50%;x=1.txt"),
    FilenameCase("markup", "<b>&amp;.txt", "<b>&amp;.txt"),
    FilenameCase("option", "-rf", "-rf"),
]
