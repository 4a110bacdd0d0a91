"""The OpenAPI 3.1 schema of each host: valid, complete, and served without external files."""

import io
import re

import pytest
from django.conf import settings
from django.core.management import call_command
from jsonschema.validators import Draft202012Validator

from tests.support.factories import Agency
from tests.support.http_client import Site

KINDS = {"apex": "", "api": "api", "dash": "dash", "admin": "admin", "tenant": "acme"}


@pytest.mark.parametrize("kind", KINDS)
def test_schema_is_valid_without_warnings(committed, kind: str):
    call_command(
        "spectacular",
        urlconf=settings.SITE_URLCONFS[kind],
        validate=True,
        fail_on_warn=True,
        stdout=io.StringIO(),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_host_serves_its_own_schema(site: Site, acme: Agency, kind: str):
    answer = site.host(KINDS[kind]).get("/api/schema")
    document = answer.json()

    assert answer.status_code == 200
    assert document["openapi"].startswith("3.1")
    assert "/api/health" in document["paths"]
    assert ("/api/users/me" in document["paths"]) == (kind in {"tenant", "api"})
    assert ("/api/auth/register" in document["paths"]) == (kind in {"tenant", "api", "apex"})
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_operation_documents_problems(acme: Agency):
    document = acme.host.get("/api/schema").json()

    operations = [op for methods in document["paths"].values() for op in methods.values()]
    assert len({op["operationId"] for op in operations}) == len(operations)
    for operation in operations:
        assert "application/problem+json" in operation["responses"]["default"]["content"]
    me = document["paths"]["/api/users/me"]["get"]
    assert me["security"] == [{"bearer": []}]


def test_created_resource_is_linked_to_its_operations(acme: Agency):
    paths = acme.host.get("/api/schema").json()["paths"]

    links = paths["/api/files"]["post"]["responses"]["201"]["links"]
    assert links["read_file"] == {
        "operationId": "read_file",
        "parameters": {"file_id": "$response.body#/id"},
    }
    assert {"rename_file", "download_file", "read_file_content"} < set(links)
    assert "links" not in paths["/api/auth/register"]["post"]["responses"]["201"]


@pytest.mark.parametrize("kind", KINDS)
def test_documentation_pages_load_local_files(site: Site, acme: Agency, kind: str):
    host = site.host(KINDS[kind])
    page = host.get("/api/docs")

    assert page.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert any(link.endswith(".js") for link in links)
    for link in links:
        assert not re.match(r"(https?:)?//", link), link
        assert host.get(link).status_code == 200, link
    assert not re.findall(r"<script>(?!\s*</script>)", page.text)
