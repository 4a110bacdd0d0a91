"""The list of share links, their revocation, and the form for a new link."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.problems import NotFound, Problem
from core.text.parsing import parse_uuid
from files.models import Share
from files.queries import readable_file
from files.shares.access import active_shares
from files.shares.passwords import (
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
    hash_share_password,
)
from files.shares.services import (
    MAX_DOWNLOADS,
    create_share,
    readable_shares,
    require_shareable,
    revoke_share,
)
from files.shares.tokens import share_url
from pages.base import PageForm, with_problem_status
from pages.lists import paginate
from pages.members import current_person, member_page, redirect_with_notice, render_member_page

NEWEST_FIRST, ONLY_PARAMETER, CURSOR_PARAMETER = "-id", "link", "cursor"
LIFETIMES = [
    ("1", _("1 day")),
    ("7", _("7 days")),
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("", _("Without end")),
]
NOTICES = {
    "created": _("The link is ready. Copy it and send it to the recipient."),
    "revoked": _("The link is revoked. It opens nothing any more."),
}


class ShareForm(PageForm):
    """The limits of a new link."""

    days = forms.ChoiceField(label=_("Works for"), choices=LIFETIMES, required=False, initial="7")
    max_downloads = forms.IntegerField(
        label=_("Number of downloads"),
        required=False,
        min_value=1,
        max_value=MAX_DOWNLOADS,
        help_text=_("Leave it empty for no limit."),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        min_length=MIN_PASSWORD_LENGTH,
        max_length=MAX_PASSWORD_LENGTH,
        help_text=_("Send it separately from the link, for example by telephone."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def limits(self) -> dict[str, Any]:
        """Return the arguments of ``create_share``. Raises: HashingBusy."""
        days = self.cleaned_data["days"]
        return {
            "expires_at": timezone.now() + timedelta(days=int(days)) if days else None,
            "max_downloads": self.cleaned_data["max_downloads"],
            "password": hash_share_password(self.cleaned_data["password"]),
        }


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One share in the list."""

    share: Share
    url: str | None
    is_active: bool

    @property
    def id_text(self) -> str:
        """The share's id, for the ids of HTML elements."""
        return self.share.pk.hex


@member_page(action="shares:read")
def links_page(request: HttpRequest) -> HttpResponse:
    """List the links of all files that the person may read, newest first; or one (``?link=``)."""
    shares = readable_shares(current_person(request)).select_related("created_by")
    if (only := parse_uuid(request.GET.get(ONLY_PARAMETER, ""))) is not None:
        shares = shares.filter(pk=only)
    page = paginate(request, shares, ordering=NEWEST_FIRST)
    context = {
        "page": page,
        "rows": list(_rows(page.rows)),
        "created": _created(request),
        "is_filtered": only is not None,
    }
    return render_member_page(request, "sharing/links.html", context, nav="links", notices=NOTICES)


@member_page("GET", "POST", action="shares:write")
def revoke_link_page(request: HttpRequest, share_id: uuid.UUID) -> HttpResponse:
    """Ask for a confirmation, or revoke the link."""
    person = current_person(request)
    if request.method == "POST":
        revoke_share(share_id, user=person, check=lambda _: None)
        return redirect_with_notice(reverse("links"), "revoked")
    share = readable_shares(person).filter(pk=share_id).first()
    if share is None:
        raise NotFound
    context = {
        "share": share,
        "title": _("Revoke a link"),
        "action": _("Revoke the link"),
        "cancel_url": reverse("links"),
        "danger": True,
    }
    return render_member_page(request, "sharing/revoke.html", context, nav="links")


@member_page("GET", "POST", action="shares:write")
def share_file_page(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Show the form for a link to a file, or create the link."""
    person = current_person(request)
    file = readable_file(person, file_id)
    require_shareable(file_id, user=person)
    form = ShareForm(request.POST) if request.method == "POST" else ShareForm()
    context = {"form": form, "file": file}
    if request.method != "POST":
        return render_member_page(request, "sharing/new.html", context, nav="files")
    if not form.is_valid():
        return render_member_page(request, "sharing/new.html", context, nav="files", status=400)
    try:
        share = create_share(file_id, user=person, **form.limits())
    except NotFound:
        raise
    except Problem as problem:
        form.add_problem(problem)
        page = render_member_page(request, "sharing/new.html", context, nav="files")
        return with_problem_status(page, problem)
    return redirect_with_notice(f"{reverse('links')}?created={share.pk}", "created")


def _rows(shares: list[Share]) -> Iterator[LinkRow]:
    active = set(
        active_shares().filter(pk__in=[each.pk for each in shares]).values_list("pk", flat=True)
    )
    for share in shares:
        yield LinkRow(share, share_url(share), share.pk in active)


def _created(request: HttpRequest) -> LinkRow | None:
    """Return the link that was created just now, for the top of the first page."""
    is_first = CURSOR_PARAMETER not in request.GET
    created = parse_uuid(request.GET.get("created", "")) if is_first else None
    share = readable_shares(current_person(request)).filter(pk=created).first() if created else None
    return next(_rows([share])) if share else None
