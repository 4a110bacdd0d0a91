"""What a file can be called, and what a download is saved as."""

import pytest

from core.problems import ValidationFailed
from files.names import attachment, checked_name, checked_path
from tests.cast import Agency
from tests.files.bucket import keys_of
from tests.files.forms import part, send, uploaded

ACCEPTED = [
    "a",
    "x" * 255,
    "report.pdf",
    "été à Paris.txt",
    "文件.txt",
    "ملف.pdf",
    "👩‍👩‍👧 party.jpg",
    "photo\u202egpj.exe",
    "CON",
    "trailing.",
    "con.txt",
    "..hidden",
    "a;b=c&d%20e.txt",
    " spaced name ",
    "-rf",
    "<b>&amp;.html",
]
REFUSED = [
    ("x" * 256, "too_long"),
    ("x" * 1000, "too_long"),
    (".", "invalid_name"),
    ("..", "invalid_name"),
    ("../../etc/passwd", "invalid_name"),
    ("/etc/passwd", "invalid_name"),
    ("a/b", "invalid_name"),
    ("a\\b", "invalid_name"),
    ("a\0b", "invalid_name"),
    ("line\nbreak", "invalid_name"),
    ("bell\x07", "invalid_name"),
    ("delete\x7f", "invalid_name"),
    ("c1\x85", "invalid_name"),
    ("half\ud800", "invalid_name"),
    ("   ", "invalid_name"),
    ("", "required"),
]


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_name_in_any_alphabet_is_kept_as_it_is(acme: Agency, name: str):
    body = send(acme.owner.at, [part("file", name, b"x")]).json()

    assert body["name"] == name
    assert all(len(key.rpartition("/")[2]) == 36 for key in keys_of(acme))


@pytest.mark.parametrize(("name", "code"), REFUSED)
def test_a_bad_name_is_refused_with_its_field(name: str, code: str):
    with pytest.raises(ValidationFailed) as refused:
        checked_name(name, field="name")

    assert [(e.field, e.code) for e in refused.value.errors] == [("name", code)]


@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "a/b", "x" * 256, "a\x07b"])
def test_a_bad_name_leaves_nothing_in_the_store(acme: Agency, name: str):
    before = keys_of(acme)

    answer = send(acme.owner.at, [part("file", name, b"x" * 9_000_000)])

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "file"
    assert keys_of(acme) == before


@pytest.mark.parametrize("path", ["/a", "a/", "a//b", "a/../b", "./a", "a/\x07", "x" * 256])
def test_a_bad_path_is_refused(path: str):
    with pytest.raises(ValidationFailed) as refused:
        checked_path(path, field="path")

    assert refused.value.errors[0].field == "path"


def test_two_normal_forms_are_one_name(acme: Agency):
    composed = uploaded(acme.owner.at, "caf\u00e9.txt", b"1")
    decomposed = uploaded(acme.owner.at, "cafe\u0301.txt", b"2")

    assert decomposed["id"] == composed["id"]
    assert (decomposed["name"], decomposed["version"]) == ("caf\u00e9.txt", 2)


def test_case_makes_another_name(acme: Agency):
    assert uploaded(acme.owner.at, "Case.txt")["id"] != uploaded(acme.owner.at, "case.txt")["id"]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("plain.txt", 'attachment; filename="plain.txt"'),
        ('quo"te.txt', "attachment; filename=\"quo_te.txt\"; filename*=UTF-8''quo%22te.txt"),
        ("50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"),
        ("é.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%A9.txt"),
        ("a/b/c.txt", 'attachment; filename="c.txt"'),
        ("photo\u202egpj.exe", 'attachment; filename="photo_gpj.exe"'),
        ("CON", 'attachment; filename="_CON"'),
        ("con.txt", 'attachment; filename="_con.txt"'),
        ("trailing.", 'attachment; filename="trailing_"'),
    ],
)
def test_a_download_is_saved_under_a_safe_name(name: str, header: str):
    assert attachment(name) == header
