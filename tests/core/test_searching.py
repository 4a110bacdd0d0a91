"""Search ignores case in every script; names are stored in normal form C."""

import secrets
from collections.abc import Callable
from importlib import import_module

import pytest
from django.db import connection, transaction

from accounts.models import ApiKey, User
from accounts.users.queries import search_users
from files.models import File
from tenants.context import tenant_context
from tenants.models import Domain, Tenant
from tests.structure.test_imports import PACKAGES, ROOT
from tests.support.factories import Agency

# The search text, and a name that it finds.
FOUND = [
    ("istanbul", "\u0130stanbul Ofisi"),
    ("\u0130STANBUL", "istanbul ofisi"),
    ("ISPARTA", "\u0131sparta"),
    ("strasse", "Lange Stra\u00dfe"),
    ("STRA\u1e9eE", "Lange Strasse"),
    ("\u00e9t\u00e9", "\u00c9T\u00c9"),
    ("e\u0301te\u0301", "\u00c9T\u00c9"),
    ("\u03c3\u03b9\u03c3\u03c5\u03c6\u03bf\u03c3", "\u03a3\u0399\u03a3\u03a5\u03a6\u039f\u03a3"),
    ("\u03a3\u0399\u03a3\u03a5\u03a6\u039f\u03a3", "\u03c3\u03b9\u03c3\u03c5\u03c6\u03bf\u03c2"),
    ("100%", "100% Wolle"),
    ("a_b\\c", "A_B\\C"),
]
NOT_FOUND = [("100_", "100% Wolle"), ("_", "Ann"), ("\u00e9t\u00e9", "ete"), ("\\", "Ann")]


@pytest.fixture
def names_in(acme: Agency) -> Callable[[str, str], bool]:
    """Return a function that tells whether a search finds a temporary user with a name."""

    def finds(wanted: str, name: str) -> bool:
        mark = secrets.token_hex(8)
        with tenant_context(acme.ref):
            made = User.objects.create(
                email=f"{mark}@search.test", first_name=name, last_name=mark, password="!"
            )
            found = {row.pk for row in search_users(search=wanted).filter(last_name=mark)}
            expected = {made.pk}
            made.delete()
        return found == expected

    return finds


@pytest.mark.parametrize(("wanted", "name"), FOUND)
def test_search_without_case_finds_the_name(names_in, wanted: str, name: str):
    assert names_in(wanted, name)


@pytest.mark.parametrize(("wanted", "name"), NOT_FOUND)
def test_search_for_other_text_finds_nothing(names_in, wanted: str, name: str):
    assert not names_in(wanted, name)


def test_search_of_tenants_and_files_folds_case(acme: Agency):
    for name, queryset in (
        ("name", File.objects.all()),
        ("name", Tenant.objects.all()),
        ("domain", Domain.objects.all()),
    ):
        sql = str(queryset.filter(**{f"{name}__folded_contains": "x"}).query)
        assert sql.count("casefold(") == 2
        assert sql.count("normalize(") == 1


def test_no_query_uses_icontains():
    users = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "__icontains" in path.read_text(encoding="utf-8")
    }

    assert users == set()


def test_decomposed_names_are_composed_by_the_migration(acme: Agency):
    statements = import_module("accounts.migrations.0004_composed_names")
    with tenant_context(acme.ref), transaction.atomic():
        made = User.objects.create(
            email="zoe@composed.test",
            first_name="Zoe\u0308",
            last_name="\u0958" * 100,
            password="!",
        )
        key = ApiKey.objects.create(
            user=made, name="Cle\u0301", hint="x", hash=b"composed", scopes=[]
        )
        plain = User.objects.create(email="ann@composed.test", first_name="Ann", password="!")
        before = plain.updated_at
        with connection.cursor() as cursor:
            for statement in (statements.PEOPLE, statements.KEYS) * 2:
                cursor.execute(statement)
        for row in (made, key, plain):
            row.refresh_from_db()
        transaction.set_rollback(True)

    assert made.first_name == "Zo\u00eb"
    assert made.last_name == "\u0915\u093c" * 50
    assert key.name == "Cl\u00e9"
    assert plain.updated_at == before


@pytest.mark.parametrize("given", ["Zoe\u0308", "Zo\u00eb"])
def test_user_is_found_by_either_address_spelling(acme: Agency, given: str):
    mark = secrets.token_hex(6)
    fields = {"email": f"{mark}@door.test", "first_name": given, "last_name": mark}

    made = acme.owner.at.post("/api/users", fields)

    assert made.json()["first_name"] == "Zo\u00eb"
    for wanted in ("Zoe\u0308", "zo\u00eb", "ZO\u00cb"):
        rows = acme.owner.at.get("/api/users", params={"search": f"{wanted} {mark}"}).json()
        assert [row["id"] for row in rows["results"]] == [made.json()["id"]]
