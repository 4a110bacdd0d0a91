"""``updated_at`` of a new row equals its ``created_at``."""

import pytest
from django.apps import apps
from django.db.models import Model

from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file, post_file

BOTH = [
    model
    for model in apps.get_models()
    if {"created_at", "updated_at"} <= {field.name for field in model._meta.concrete_fields}
]


@pytest.mark.parametrize("model", BOTH, ids=lambda model: model._meta.label)
def test_new_row_has_equal_times(model: type[Model]):
    row = model()

    for field in model._meta.concrete_fields:
        field.pre_save(row, add=True)
    created, updated = row.created_at, row.updated_at
    model._meta.get_field("updated_at").pre_save(row, add=False)

    assert created == updated < row.updated_at


def test_resource_created_by_api_has_equal_times(agency: Agency):
    at = agency.owner.at
    person = {"email": "new@x.test", "password": "quite a long secret"}
    documents = {
        "owner": at.get("/api/users/me"),
        "workspace": at.get("/api/tenant"),
        "person": at.post("/api/users", person),
        "invitation": at.post("/api/invitations", {"email": "asked@x.test"}),
        "file": post_file(at, "a.txt"),
    }

    differing = {
        name for name, answer in documents.items() if len(set(times_of(answer.json()))) != 1
    }

    assert differing == set()


def test_second_version_changes_updated_at(agency: Agency):
    add_file(agency.owner.at, "a.txt", b"one")

    created, updated = times_of(add_file(agency.owner.at, "a.txt", b"two"))

    assert created < updated


def times_of(document: dict[str, str]) -> tuple[str, str]:
    return document["created_at"], document["updated_at"]
