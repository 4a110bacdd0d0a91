"""Opening shares: within their limits, with an audit event, and with indistinguishable failures."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from files.models import File, Share
from tenants.context import tenant_context
from tests.support.browser import HTML
from tests.support.factories import Agency, add_member
from tests.support.files.form_uploads import add_file
from tests.support.files.shares import (
    DATA,
    audit_events,
    create_share,
    open_share,
    share_path,
    without_request_id,
)
from tests.support.http_client import Host, Site
from tests.support.service_logs import log_lines_with, log_text

PAGE = {"Accept": HTML}
# Initials and name of the workspace, whose host the visitor knows.
WORKSPACE = re.compile(r'<a class="workspace-name".*?</a>', re.S)


def change_share(agency: Agency, share: dict, **fields: object) -> None:
    with tenant_context(agency.ref):
        assert Share.objects.filter(pk=share["id"]).update(**fields) == 1


def test_share_link_returns_the_content_and_is_counted_and_audited(agency: Agency, site: Site):
    share = create_share(agency.owner.at)
    agent = {"User-Agent": "somebody's program"}

    response = open_share(agency, share, headers=agent)
    fetched = site.fetch(response.headers["Location"])

    assert (response.status_code, fetched.content) == (302, DATA)
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="shared.txt"'
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert agency.owner.at.get(f"/api/shares/{share['id']}").json()["downloads"] == 1
    [event] = audit_events(agency, "share.opened")
    assert (event.actor_type, event.target_id, event.target_label) == (
        "anonymous",
        share["id"],
        "shared.txt",
    )
    assert (event.ip, event.user_agent) == ("127.0.0.1", "somebody's program")
    assert event.details == {"file": share["file"], "version": 1}


def test_share_link_returns_the_current_content_as_attachment(agency: Agency, site: Site):
    ada = agency.owner.at
    share = create_share(ada, add_file(ada, "page.html", b"<script>1</script>")["id"])
    add_file(ada, "page.html", b"<script>2</script>")

    fetched = site.fetch(open_share(agency, share).headers["Location"])

    assert fetched.content == b"<script>2</script>"
    assert fetched.headers["Content-Type"] == "application/octet-stream"
    assert fetched.headers["Content-Disposition"].startswith("attachment;")


def test_fifty_concurrent_openings_of_a_limited_link_succeed_five_times(agency: Agency):
    share = create_share(agency.owner.at, max_downloads=5)

    with ThreadPoolExecutor(50) as pool:
        found = Counter(pool.map(lambda _: open_share(agency, share).status_code, range(50)))

    assert found == {302: 5, 404: 45}
    assert agency.owner.at.get(f"/api/shares/{share['id']}").json()["downloads"] == 5
    assert len(audit_events(agency, "share.opened")) == 5


def test_share_link_is_never_opened_after_its_revocation(agency: Agency):
    share = create_share(agency.owner.at)
    with ThreadPoolExecutor(8) as pool:
        early = [pool.submit(open_share, agency, share) for _ in range(24)]
        gone = agency.owner.at.delete(f"/api/shares/{share['id']}")
        late = [pool.submit(open_share, agency, share) for _ in range(8)]
        statuses = [future.result().status_code for future in early]

    assert gone.status_code == 204
    assert {future.result().status_code for future in late} == {404}
    count = agency.owner.at.get(f"/api/shares/{share['id']}").json()["downloads"]
    assert statuses.count(302) == count == len(audit_events(agency, "share.opened"))


@pytest.mark.parametrize("headers", [{}, PAGE], ids=["program", "browser"])
def test_share_link_failures_are_indistinguishable(
    agency: Agency, globex: Agency, headers: dict[str, str]
):
    ada = agency.owner.at
    file = add_file(ada, "plan.txt")["id"]
    revoked, expired, used, locked, foreign = (
        create_share(ada, file, **fields)
        for fields in ({}, {}, {"max_downloads": 1}, {"password": "open sesame"}, {})
    )
    ada.delete(f"/api/shares/{revoked['id']}")
    change_share(agency, expired, expires_at=timezone.now())
    change_share(agency, used, downloads=1)
    change_share(agency, locked, expires_at=timezone.now())
    path = share_path(foreign)
    forged = [path[:-1], f"{path}A", f"{path[:-1]}.", f"/s/{path[3:].swapcase()}"]
    tries = [share_path(share) for share in (revoked, expired, used, locked)]
    tries += [*forged, "/s/" + "A" * 43, "/s/x"]

    # A compressed page is longer or shorter by the random request id in it.
    plain = {**headers, "Accept-Encoding": "identity"}
    responses = [agency.host.get(tried, headers=plain) for tried in tries]
    responses.append(globex.host.get(path, headers=plain))

    first = without_request_id(responses[0])
    assert first[0] == 404
    texts = {
        WORKSPACE.sub("", text).replace(globex.ref.name, "").replace(agency.ref.name, "")
        for _, _, text in map(without_request_id, responses)
    }
    assert len(texts) == 1
    *own, (status, foreign_headers, _) = map(without_request_id, responses)
    assert [answer for answer in own if answer[:2] != first[:2]] == []
    # The page of the other workspace is as much longer as its name.
    foreign_headers["content-length"] = first[1]["content-length"]
    assert (status, foreign_headers) == first[:2]


def test_share_link_works_only_on_its_tenants_host(agency: Agency, site: Site):
    share = create_share(agency.owner.at)

    for label in ("", "www", "api", "dash", "admin", "nobody-here"):
        assert site.host(label).get(share_path(share)).status_code == 404
    on_api = site.host("api").with_token(agency.owner.access_token)
    assert on_api.get(share_path(share)).status_code == 404
    assert open_share(agency, share).status_code == 302


def test_head_and_previews_of_a_share_link_are_not_counted(agency: Agency, site: Site):
    share = create_share(agency.owner.at, max_downloads=1)
    looks = [
        {"User-Agent": "Slackbot-LinkExpanding 1.0"},
        {"User-Agent": "WhatsApp/2.23.20.0"},
        {"User-Agent": "facebookexternalhit/1.1"},
        {"Sec-Purpose": "prefetch;prerender"},
    ]

    head = agency.host.request("HEAD", share_path(share))
    pages = [open_share(agency, share, headers={**PAGE, **headers}) for headers in looks]

    assert head.status_code == 302
    assert site.fetch(head.headers["Location"], "HEAD").status_code == 200
    assert site.fetch(head.headers["Location"]).status_code == 403
    assert [page.status_code for page in pages] == [200] * 4
    assert all("shared.txt" not in page.text for page in pages)
    assert all("location" not in page.headers for page in pages)
    assert audit_events(agency, "share.opened") == []
    assert open_share(agency, share).status_code == 302


def test_share_link_of_a_deleted_file_works_again_after_restore(agency: Agency):
    ada, share = agency.owner.at, create_share(agency.owner.at)

    ada.delete(f"/api/files/{share['file']}")
    dead = open_share(agency, share).status_code
    listed = ada.get("/api/shares").json()["results"]
    with tenant_context(agency.ref):
        File.objects.update(deleted_at=None)

    assert dead == 404
    assert [row["id"] for row in listed] == [share["id"]]
    assert open_share(agency, share).status_code == 302


def test_share_link_has_no_more_rights_than_its_creator(agency: Agency):
    ada, adm = agency.owner, add_member(agency, "adm@here.test", role="admin")
    file = add_file(ada.at, "adas.txt")["id"]
    share, hers = create_share(adm.at, file), create_share(ada.at, file)

    def once(**fields: object) -> int:
        assert ada.at.patch(f"/api/users/{adm.id}", fields).status_code == 200
        return open_share(agency, share).status_code

    assert once(is_active=False) == 404
    assert once(is_active=True) == 302
    assert once(role="member") == 404
    assert once(role="admin") == 302
    assert ada.at.delete(f"/api/users/{adm.id}").status_code == 204
    assert open_share(agency, share).status_code == 404
    assert open_share(agency, hers).status_code == 302


def test_share_link_of_a_removed_member_is_not_found(agency: Agency):
    ben = add_member(agency, "ben@here.test")
    share = create_share(ben.at)
    assert open_share(agency, share).status_code == 302

    with tenant_context(agency.ref):
        User.objects.filter(pk=ben.id).update(is_active=False)

    assert open_share(agency, share).status_code == 404


def test_expired_share_link_is_not_found(agency: Agency):
    soon = (timezone.now() + timedelta(hours=1)).isoformat()
    share = create_share(agency.owner.at, expires_at=soon)
    assert open_share(agency, share).status_code == 302

    change_share(agency, share, expires_at=timezone.now())

    assert open_share(agency, share).status_code == 404


def test_share_token_is_in_no_log(agency: Agency, site: Site, stores):
    share = create_share(agency.owner.at)
    token = share_path(share).rpartition("/")[2]
    host: Host = agency.host
    responses = [
        open_share(agency, share),
        host.get(f"{share_path(share)}/more"),
        host.post(share_path(share), {}),
        site.host().get(share_path(share)),
    ]
    later = host.get("/after-the-link")

    assert log_lines_with(stores, later.headers["x-request-id"], "access")
    for name in ("gunicorn", "access", "traefik"):
        assert token not in log_text(stores, name)
    assert '"/s/[hidden]"' in log_text(stores)
    assert responses[0].headers["x-request-id"] in log_text(stores)
    assert responses[0].headers["x-request-id"] in log_text(stores, "access")
