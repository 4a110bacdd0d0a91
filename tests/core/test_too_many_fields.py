"""Too many fields are 400 ``too_many_fields``, in queries and in every kind of form."""

import json
from typing import Any

from django.conf import settings
from django.test import Client

from tests.support.accounts.in_process_client import random_address
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency
from tests.support.files.form_uploads import form_part, post_parts
from tests.support.http_client import BASE_DOMAIN

MOST = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
FORM = "application/x-www-form-urlencoded"


def encoded(count: int) -> str:
    return "&".join(f"f{number}=1" for number in range(count))


def asked(slug: str, method: str, path: str, body: str = "") -> Any:
    headers = {"host": f"{slug}.{BASE_DOMAIN}", "x-forwarded-for": random_address()}
    client = Client(raise_request_exception=False)
    return client.generic(method, path, body, content_type=FORM, headers=headers)


def test_query_of_too_many_fields_is_a_problem(acme: Agency):
    answer = asked(acme.slug, "GET", f"/join?{encoded(MOST + 1)}")

    problem = json.loads(answer.content)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (400, 400, "too_many_fields")
    assert problem["request_id"] == answer.headers["X-Request-ID"]


def test_query_with_maximum_fields_is_served(acme: Agency):
    answer = asked(acme.slug, "GET", f"/password/reset?{encoded(MOST)}")

    assert answer.status_code == 200


def test_api_query_of_too_many_fields_is_a_problem(acme: Agency):
    answer = acme.owner.at.get(f"/api/files?{'&' * MOST}")

    assert status_and_code(answer) == (400, "too_many_fields")


def test_form_of_too_many_fields_is_a_problem(acme: Agency):
    answer = asked(acme.slug, "POST", "/password/reset", encoded(MOST + 1))

    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_fields")


def test_multipart_form_of_too_many_fields_is_a_problem(acme: Agency):
    fields = [form_part(f"f{number}", None, b"x") for number in range(MOST + 3)]

    answer = post_parts(acme.owner.at, [*fields, form_part("file", "many-fields.txt", b"x")])

    assert status_and_code(answer) == (400, "too_many_fields")


def test_form_of_too_many_files_is_a_problem(acme: Agency):
    files = [form_part("other", "x", b"") for _ in range(settings.DATA_UPLOAD_MAX_NUMBER_FILES + 1)]

    answer = post_parts(acme.owner.at, files)

    assert status_and_code(answer) == (400, "too_many_fields")
