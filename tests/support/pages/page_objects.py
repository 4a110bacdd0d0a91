"""What the pages of the table show: a workspace and its objects, made when a page needs them."""

import secrets
from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.core import signing
from django.utils import timezone

from accounts.models import Authenticator, User
from audit.services import SYSTEM, Actor
from pages.signup import SIGNED_UP_SALT
from staff.services import create_staff
from tenants.context import tenant_context
from tenants.lifecycle import suspend_tenant
from tenants.support_access.services import Actors, grant_access, request_access
from tests.support.accounts.invitations import (
    post_invitation,
    token_of_invitation,
    update_user_row,
)
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency, Person, add_member, create_agency
from tests.support.files.form_uploads import add_file
from tests.support.files.shares import create_share
from tests.support.http_client import PASSWORD, Host, Site
from tests.support.mail.outbox import configure_tenant
from tests.support.page_forms import browser_of
from tests.support.pages.rows.row import ENROLLED, MEMBER, OWNER, PUBLIC, STAFF, PageRow
from tests.support.staff import log_in_to_admin

SHARE_PASSWORD = "open sesame, please"


class PageObjects(dict[str, str]):
    """The values of the placeholders in paths, by name, for one workspace.

    ``texts`` are the names that a person could have typed: ``company``, ``first_name``,
    ``last_name``, ``file``, ``reason``.
    """

    def __init__(self, site: Site, slug: str, **texts: str) -> None:
        super().__init__()
        self.site = site
        self.texts = {"company": "Initech", "first_name": "Olga", "last_name": "Owner", **texts}
        self.agency = self._create(slug)
        self._suspended: Agency | None = None
        self._open: Agency | None = None
        self._browsers: dict[tuple[str, str], Browser] = {}

    def __missing__(self, name: str) -> str:
        self[name] = MAKERS[name](self)
        return self[name]

    @property
    def suspended(self) -> Agency:
        """Another workspace, suspended with ``texts["reason"]``."""
        if self._suspended is None:
            self._suspended = self._create(f"{self.agency.slug}-off")
            reason = self.texts.get("reason", "The invoice of May is unpaid.")
            suspend_tenant(self._suspended.ref.id, actor=SYSTEM, reason=reason)
        return self._suspended

    @property
    def open(self) -> Agency:
        """Another workspace, which anyone may join."""
        if self._open is None:
            self._open = self._create(f"{self.agency.slug}-open")
            configure_tenant(self._open)
        return self._open

    def path(self, row: PageRow) -> str:
        """Return the path of a row with its placeholders filled in; make what the row needs."""
        for name in row.needs:
            _ = self[name]
        return row.path.format_map(self)

    def host(self, row: PageRow) -> Host:
        """Return the host of a row."""
        return self.site.host(self.label(row.kind))

    def browser(self, row: PageRow, *, language: str = "en") -> Browser:
        """Return a browser at the host of a row, logged in as the row demands."""
        label = self.label(row.kind)
        if row.who == PUBLIC:
            return Browser(self.site, label, language=language)
        key = (row.who, language)
        if key not in self._browsers:
            self._browsers[key] = LOG_INS[row.who](self, language)
        return self._browsers[key]

    def label(self, kind: str) -> str:
        """Return the label of a kind of host."""
        if kind == "suspended":
            return self.suspended.slug
        if kind == "open":
            return self.open.slug
        labels = {"apex": "", "tenant": self.agency.slug, "unknown": "nobody-here"}
        return labels.get(kind, kind)

    def _create(self, slug: str) -> Agency:
        names = ("company", "first_name", "last_name")
        return create_agency(self.site, slug, **{name: self.texts[name] for name in names})


def member(objects: PageObjects) -> Person:
    """Add a member to the workspace, with the names of ``texts``."""
    person = add_member(objects.agency, f"ben-{secrets.token_hex(4)}@pages.test")
    names = {name: objects.texts[name] for name in ("first_name", "last_name")}
    update_user_row(objects.agency, person.email, **names)
    return person


def log_in_staff(objects: PageObjects, language: str) -> Browser:
    """Return a browser in which a new superuser has logged in to the admin."""
    staff = create_staff(
        email=f"s{secrets.token_hex(5)}@aggios.test",
        password=PASSWORD,
        actor=SYSTEM,
        is_superuser=True,
    )
    browser = Browser(objects.site, "admin", language=language)
    assert log_in_to_admin(browser, staff.email).status_code == 302
    return browser


def enrolled(objects: PageObjects) -> Person:
    """Add a member with a confirmed second factor and recovery codes."""
    found = member(objects)
    with tenant_context(objects.agency.ref):
        now = timezone.now()
        User.objects.filter(pk=found.id).update(second_factor_at=now)
        Authenticator.objects.create(user_id=found.id, sealed_secret="x", confirmed_at=now)
    return found


LOG_INS: dict[str, Callable[[PageObjects, str], Browser]] = {
    OWNER: lambda objects, language: logged_in(objects.site, objects.agency, language=language),
    MEMBER: lambda objects, language: logged_in(
        objects.site, objects.agency, member(objects), language=language
    ),
    STAFF: log_in_staff,
    ENROLLED: lambda objects, language: browser_of(
        objects.site, objects.agency, enrolled(objects), language=language
    ),
}


def invitation(objects: PageObjects) -> str:
    """Return the token of an invitation by e-mail."""
    made = post_invitation(objects.agency, f"nia-{secrets.token_hex(4)}@pages.test")
    return token_of_invitation(objects.agency, made)


def invitation_link(objects: PageObjects) -> str:
    """Return the token of an invitation that names no address."""
    return str(post_invitation(objects.agency, max_uses=5)["token"])


def share_with_password(objects: PageObjects) -> str:
    """Return the token of a share that asks for ``SHARE_PASSWORD``."""
    share = create_share(objects.agency.owner.at, objects["file"], password=SHARE_PASSWORD)
    return urlsplit(share["url"]).path.rpartition("/")[2]


def file(objects: PageObjects) -> str:
    """Return the id of a file, renamed to ``texts["file"]``."""
    owner = objects.agency.owner.at
    made = add_file(owner, "offer.txt", b"what is shared")
    name = objects.texts.get("file", "Offer for the summer campaign.txt")
    assert owner.patch(f"/api/files/{made['id']}", {"name": name}).status_code == 200
    return str(made["id"])


def share(objects: PageObjects) -> str:
    """Return the id of a share without a password."""
    return str(create_share(objects.agency.owner.at, objects["file"])["id"])


def share_token(objects: PageObjects) -> str:
    """Return the token of a share without a password."""
    made = create_share(objects.agency.owner.at, objects["file"])
    return urlsplit(made["url"]).path.rpartition("/")[2]


def key(objects: PageObjects) -> str:
    """Return the id of an API key."""
    fields = {"name": objects.texts.get("key", "Backup"), "scopes": ["files:read"]}
    made = objects.agency.owner.at.post("/api/keys", fields)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def domain(objects: PageObjects) -> str:
    """Return the id of a claimed domain."""
    name = f"files.{secrets.token_hex(6)}.example"
    made = objects.agency.owner.at.post("/api/tenant/domains", {"domain": name})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def trashed_file(objects: PageObjects) -> str:
    """Return the id of a file in the trash."""
    owner = objects.agency.owner.at
    made = str(add_file(owner, "Draft of the offer.txt", b"a draft")["id"])
    assert owner.delete(f"/api/files/{made}").status_code == 204
    return made


def support_request(objects: PageObjects) -> str:
    """Return the id of a request of support."""
    staff = Actor("staff", str(uuid4()), "sam@aggios.test")
    reason = objects.texts.get("reason", "You wrote that Ida cannot see the folder of May.")
    return str(request_access(objects.agency.ref.id, staff=staff, reason=reason, hours=2).pk)


def support_access(objects: PageObjects) -> str:
    """Return the id of an access that an owner has granted to support."""
    owner, made = objects.agency.owner, support_request(objects)
    actors = Actors.same(Actor("user", owner.id, owner.email))
    grant_access(
        UUID(made),
        tenant_id=objects.agency.ref.id,
        owner_id=UUID(owner.id),
        actors=actors,
        hours=2,
    )
    return made


MAKERS: dict[str, Callable[[PageObjects], str]] = {
    "file": file,
    "trashed": trashed_file,
    "drafted": lambda objects: str(
        add_file(objects.agency.owner.at, "x", path="drafts/plan.txt")["id"]
    ),
    "invitation": invitation,
    "invitation_link": invitation_link,
    "open_invitation": lambda objects: str(
        post_invitation(objects.agency, f"ida-{secrets.token_hex(4)}@pages.test")["id"]
    ),
    "opened": lambda objects: signing.dumps(objects.agency.slug, salt=SIGNED_UP_SALT),
    "domain": domain,
    "key": key,
    "share": share,
    "share_token": share_token,
    "person": lambda objects: enrolled(objects).id,
    "share_with_password": share_with_password,
    "support_request": support_request,
    "support_access": support_access,
    # Of their own: tests of the forms that end them may come before those of other pages.
    "refused_request": support_request,
    "ended_access": support_access,
    "tenant": lambda objects: str(objects.agency.ref.id),
}
