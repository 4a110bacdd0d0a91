"""The admin in the language of the staff user: titles, columns, labels, choices, buttons."""

import re
import secrets
from html import unescape

import pytest

from tenants.models import Tenant
from tests.support.browser import Browser
from tests.support.http_client import Site
from tests.support.staff import log_in_to_admin

LISTS = {
    "tenants/tenant": "Selecione espaço de trabalho para modificar",
    "tenants/deletioncertificate": "Selecione certificado de exclusão para visualizar",
    "tenants/fleetrun": "Selecione execução em todos os espaços para visualizar",
    "tenants/supportaccess": "Selecione acesso do suporte para visualizar",
    "audit/auditevent": "Selecione evento de auditoria para visualizar",
    "staff/staffuser": "Selecione pessoa da equipe para modificar",
    "staff/stafftoken": "Selecione token da API para visualizar",
    "auth/group": "Selecione grupo para modificar",
}
# What Django shows of a model or a field that has no translated name.
ENGLISH = re.compile(
    r"\b(Tenants?|Staff|Workspaces?|Created at|Is active|First name|Suspended|Registration|Select"
    r"|Change|Reason|Status:|By invitation|Can (add|change|view|delete)|tokens? of)\b"
)
TAG = re.compile(r"<(script|style|svg).*?</\1>|<[^>]+>", re.S)


@pytest.fixture(scope="module")
def browser(site: Site, new_staff) -> Browser:
    """The browser of a superuser who reads Portuguese."""
    found = Browser(site, "admin", language="pt-BR")
    found.staff = new_staff(is_superuser=True)
    assert log_in_to_admin(found, found.staff.email).status_code == 302
    return found


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(TAG.sub(" ", page)))


@pytest.fixture
def named(make_tenant) -> str:
    """A part of the names of two tenants, of which one is suspended; no word of a language."""
    text = f"zq{secrets.token_hex(4)}"
    for status in (Tenant.Status.ACTIVE, Tenant.Status.SUSPENDED):
        Tenant.objects.filter(pk=make_tenant().id).update(name=text, status=status)
    return text


@pytest.mark.parametrize("model", LISTS)
def test_list_is_in_the_language_of_its_reader(browser: Browser, named: str, model: str) -> None:
    # Other tests give tenants any name, also an English one.
    query = f"?q={named}" if model == "tenants/tenant" else ""
    answer = browser.get(f"/admin/{model}/{query}")

    text = text_of(answer.text)
    assert LISTS[model] in text
    assert model != "tenants/tenant" or {"Ativo", "Suspenso"} <= set(text.split())
    assert ENGLISH.findall(text) == []
    assert answer.headers["content-language"].lower() == "pt-br"


def test_forms_are_in_the_language_of_their_reader(browser: Browser, new_agency) -> None:
    tenant, staff = new_agency().ref.id, browser.staff.pk
    paths = [
        f"/admin/tenants/tenant/{tenant}/change/",
        f"/admin/tenants/tenant/{tenant}/support/",
        "/admin/tenants/tenant/add/",
        f"/admin/staff/staffuser/{staff}/change/",
        "/admin/staff/staffuser/add/",
        "/admin/auth/group/add/",
        "/admin/password_change/",
        "/admin/second-factor/",
    ]

    texts = {path: text_of(browser.get(path).text) for path in paths}

    assert {path: ENGLISH.findall(text) for path, text in texts.items()} == {
        path: [] for path in paths
    }
    assert "Motivo da suspensão" in texts[paths[0]]
    assert "espaço de trabalho | pode ver" in texts["/admin/auth/group/add/"]


def test_english_reader_sees_workspaces(superuser_browser: Browser) -> None:
    text = text_of(superuser_browser.get("/admin/tenants/tenant/").text)

    assert "Select workspace to change" in text
    assert "By invitation" in text
