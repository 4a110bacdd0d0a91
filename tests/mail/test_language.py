"""The language of an e-mail: the recipient's, the workspace's default, or the request's."""

from collections.abc import Callable

import pytest

from tests.support.accounts.users import user_row
from tests.support.factories import Agency, add_member
from tests.support.mail.outbox import configure_tenant, request_password_reset, update_user_row
from tests.support.mail.smtp_server import SmtpServer

EN, PT = "Set a new password", "Defina uma nova senha"


@pytest.mark.parametrize(
    ("own", "default", "header", "wanted"),
    [
        ("", "", "en", "en"),
        ("", "", "pt-BR", "pt-br"),
        ("", "pt-br", "en", "pt-br"),
        ("en", "pt-br", "pt-BR", "en"),
        ("pt-br", "en", "en", "pt-br"),
        ("xx", "", "en", "en"),
    ],
)
def test_reset_mail_is_in_the_language_of_its_user(
    agency: Agency,
    smtp_server: SmtpServer,
    deliver: Callable[[], str],
    own: str,
    default: str,
    header: str,
    wanted: str,
):
    update_user_row(agency, agency.owner.email, language=own)
    configure_tenant(agency, language=default)

    request_password_reset(agency, **{"Accept-Language": header})
    deliver()

    [mail] = smtp_server.taken
    assert mail.message["Content-Language"] == wanted
    assert mail.subject.startswith({"en": EN, "pt-br": PT}[wanted])


def test_mail_to_a_former_address_is_in_the_language_of_its_user(
    agency: Agency, smtp_server: SmtpServer, deliver: Callable[[], str]
):
    member = add_member(agency, "before@here.test")
    update_user_row(agency, member.email, language="pt-br")

    answer = agency.owner.at.patch(f"/api/users/{member.id}", {"email": "after@here.test"})
    deliver()

    assert answer.status_code == 200
    [mail] = smtp_server.taken
    assert (mail.message["To"], mail.message["Content-Language"]) == ("before@here.test", "pt-br")
    assert user_row(agency, member.id).language == "pt-br"


def test_invitation_is_in_the_default_language_of_the_workspace(
    agency: Agency, smtp_server: SmtpServer, deliver: Callable[[], str]
):
    configure_tenant(agency, language="pt-br")

    asked = {"email": "new@there.test", "role": "member"}
    answer = agency.owner.at.post("/api/invitations", asked, headers={"Accept-Language": "en"})
    deliver()

    assert answer.status_code == 201
    [mail] = smtp_server.taken
    assert (mail.message["To"], mail.message["Content-Language"]) == ("new@there.test", "pt-br")
