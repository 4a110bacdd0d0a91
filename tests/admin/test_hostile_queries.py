"""No query string makes a page of the admin fail: every list, page and column."""

import pytest
from django.contrib.admin.options import IS_POPUP_VAR
from django.db.models import Model
from django.test import Client
from django.urls import reverse

import staff.admin  # noqa: F401 - registers the models
from staff.admin.base import StaffModelAdmin
from staff.admin_site import site as admin_site
from staff.models import StaffUser
from tests.support.http_client import BASE_DOMAIN

URLS = "aggios.urls.admin"
MODELS = sorted(admin_site._registry, key=lambda model: model._meta.label)
LOOKUPS = ("", "__exact", "__isnull", "__gte", "__gt", "__regex", "__year", "__id__exact")
VALUES = ("1", "99999999999999999999", "[(*", "0,x", "\u0661", "2026-13-99")
OTHERS = (
    "p=-1", "p=x", "p=99999999999999999999", "p=\u0661", "all=x", "o=x", "o=1.x.-9999", "o=--1",
    "e=1", "q=%22", "q=%27%22%27", "q=%5C", "q=%ED%A0%80", "q=%FF", "q=%25%5F", "q=" + "a+" * 1500,
    "q=" + "x" * 4000, f"{IS_POPUP_VAR}=1", "_to_field=hash", "_to_field=id", "_facets=x",
    "=", "&&;", "%00=1", "x=%00", "__=1", "pk=1", "pk__in=1,2", "id__in=,", "a__b__c=1",
    "password__startswith=a", "staff__password__startswith=a", "groups__name__regex=(", "%F0%9F=1",
    "user_permissions__codename=x", "link__hash__gt=1", "domains__tenant__name=x", "state=nonsense",
    "_changelist_filters=%FF", "groups=x", "groups=1,x", "user_permissions=x", "email=%F0%28",
)  # fmt: skip


@pytest.fixture(scope="module")
def client(site, new_staff) -> Client:
    client = Client(headers={"host": f"admin.{BASE_DOMAIN}"}, raise_request_exception=False)
    client.force_login(new_staff(is_superuser=True))
    return client


def columns(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.get_fields()]


def failures(client: Client, path: str, queries: list[str]) -> list[tuple[str, int]]:
    answers = [(query, client.get(f"{path}?{query}").status_code) for query in queries]
    return [(query, status) for query, status in answers if status not in {200, 302, 400, 403}]


def path_of(model: type[Model], page: str) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", URLS)


@pytest.mark.nightly  # 2 500 requests
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_list_with_any_lookup_never_fails(client: Client, model: type[Model]) -> None:
    names = columns(model)
    # Each column with each lookup and each value at least once, not all of them together.
    queries = [
        f"{name}{lookup}={VALUES[(i + j) % len(VALUES)]}"
        for i, name in enumerate(names)
        for j, lookup in enumerate(LOOKUPS)
    ]

    assert failures(client, path_of(model, "changelist"), queries) == []


@pytest.mark.nightly
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_filter_with_any_value_never_fails(client: Client, model: type[Model]) -> None:
    allowed = [
        f"{name}{lookup}"
        for name in [*columns(model), "state"]
        for lookup in LOOKUPS
        if admin_site._registry[model].lookup_allowed(f"{name}{lookup}", "")
    ]
    queries = [f"{name}={value}" for name in allowed for value in VALUES]

    assert failures(client, path_of(model, "changelist"), queries) == []


@pytest.mark.parametrize("page", ["changelist", "add"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_page_with_any_query_never_fails(client: Client, model: type[Model], page: str) -> None:
    assert failures(client, path_of(model, page), list(OTHERS)) == []


@pytest.mark.parametrize("query", ["password__startswith=argon2p", "hash__gt=1", "id__isnull=0"])
def test_lookup_without_filter_is_refused(client: Client, query: str) -> None:
    answers = [client.get(f"{path_of(model, 'changelist')}?{query}") for model in MODELS]

    assert {answer.status_code for answer in answers} == {400}


def test_every_model_uses_the_base_class() -> None:
    assert MODELS
    assert all(isinstance(each, StaffModelAdmin) for each in admin_site._registry.values())
    assert StaffUser in MODELS
