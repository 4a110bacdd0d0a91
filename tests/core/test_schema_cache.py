"""The OpenAPI schema is generated once per process and kind of host, and cached by clients."""

import pytest
from django.conf import settings
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from aggios.openapi_views import openapi_document
from tests.support.http_client import BASE_DOMAIN, Site

HOSTS = {"apex": BASE_DOMAIN, "api": f"api.{BASE_DOMAIN}"}
PATHS = ("/api/schema", "/api/docs", "/api/docs?script=")


def ask(kind: str, path: str, **headers: str):
    return Client().get(path, headers={"host": HOSTS[kind], **headers})


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[SchemaGenerator]:
    """Return the schema generators that are created, starting with an empty cache."""
    openapi_document.cache_clear()
    generators: list[SchemaGenerator] = []
    get_schema = SchemaGenerator.get_schema

    def counted(self: SchemaGenerator, *args: object, **kwargs: object):
        generators.append(self)
        return get_schema(self, *args, **kwargs)

    monkeypatch.setattr(SchemaGenerator, "get_schema", counted)
    return generators


def test_schema_is_generated_once_per_kind_of_host(committed: None, made: list):
    answers = [ask(kind, "/api/schema") for kind in ("apex", "api", "apex", "api")]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert [generator.urlconf for generator in made] == [
        settings.SITE_URLCONFS["apex"],
        settings.SITE_URLCONFS["api"],
    ]
    assert answers[0].content == answers[2].content != answers[1].content
    assert answers[0].headers["ETag"] != answers[1].headers["ETag"]
    assert answers[0].headers["Content-Type"].startswith("application/vnd.oai.openapi+json")


@pytest.mark.parametrize("path", PATHS)
def test_known_schema_and_page_are_304_with_same_headers(site: Site, path: str):
    host = site.host()
    first = host.get(path)
    again = host.get(path, headers={"If-None-Match": first.headers["ETag"]})
    other = host.get(path, headers={"If-None-Match": '"another"'})

    assert (first.status_code, again.status_code, other.status_code) == (200, 304, 200)
    assert again.content == b""
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again.headers.get(name) == first.headers.get(name), name
    assert "Set-Cookie" not in first.headers
    assert first.headers["Cache-Control"] == "private, max-age=300"
