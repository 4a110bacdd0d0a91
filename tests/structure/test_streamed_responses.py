"""Streamed responses: Traefik buffers those to short POSTs, except to the paths that it is told."""

import re
from pathlib import Path

import pytest

from devstack.services import traefik_config
from tenants.domains import traefik as custom_domains
from tests.support.streamed_paths import STREAMED

ROOT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "audit", "core", "files", "operations", "pages", "staff", "tenants")
STREAM = re.compile(r"\b(StreamingHttpResponse|csv_response|export_response|export_user)\(")
# The modules that create a streamed response. When a POST gets one, its path belongs into STREAMED
# and into the three expressions below.
KNOWN = {
    "accounts/api/data_export.py": "GET",
    "accounts/users/data_export.py": "defines the generator",
    "files/api/archives.py": "POST",
    "files/api/downloads.py": "GET",
    "pages/files/selection.py": "POST",
    "pages/me/data.py": "POST",
    "pages/people/person.py": "POST",
    "pages/workspace/audit.py": "GET",
    "staff/admin/csv_export.py": "POST, by the two below",
    "staff/admin/read_only.py": "POST",
    "staff/admin/tenant_actions.py": "POST",
}


def test_every_streamed_response_is_known() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if STREAM.search(path.read_text(encoding="utf-8"))
    }

    assert found == set(KNOWN)


def test_all_configurations_name_the_same_paths() -> None:
    production = (ROOT / "traefik/dynamic/backend.yml").read_text(encoding="utf-8")
    expression = custom_domains.STREAMED_RESPONSES

    assert f'$streams := "PathRegexp(`{expression}`)"' in production
    assert expression == traefik_config.STREAMED_RESPONSES


@pytest.mark.parametrize("path", STREAMED)
def test_path_with_a_streamed_response_is_not_buffered(path: str) -> None:
    assert re.search(custom_domains.STREAMED_RESPONSES, path)
