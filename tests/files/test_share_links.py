"""Opening links: exactly as often as they may be, on record, and those that fail tell nothing."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from files.models import File, Share
from tenants.context import tenant_context
from tests.support.browser import HTML
from tests.support.factories import Agency, join
from tests.support.files.form_uploads import uploaded
from tests.support.files.shares import DATA, events, opened, path_of, shared, without_number
from tests.support.http_client import Host, Site
from tests.support.service_logs import lines_with, text_of

PAGE = {"Accept": HTML}


def change(agency: Agency, share: dict, **fields: object) -> None:
    with tenant_context(agency.ref):
        assert Share.objects.filter(pk=share["id"]).update(**fields) == 1


def test_it_leads_to_the_bytes_and_is_counted_and_on_record(agency: Agency, site: Site):
    share = shared(agency.owner.at)
    agent = {"User-Agent": "somebody's program"}

    answer = opened(agency, share, headers=agent)
    fetched = site.fetch(answer.headers["Location"])

    assert (answer.status_code, fetched.content) == (302, DATA)
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="shared.txt"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert agency.owner.at.get(f"/api/shares/{share['id']}").json()["downloads"] == 1
    [event] = events(agency, "share.opened")
    assert (event.actor_type, event.target_id, event.target_label) == (
        "anonymous",
        share["id"],
        "shared.txt",
    )
    assert (event.ip, event.user_agent) == ("127.0.0.1", "somebody's program")
    assert event.details == {"file": share["file"], "version": 1}


def test_it_is_of_the_current_content_and_runs_nowhere(agency: Agency, site: Site):
    ada = agency.owner.at
    share = shared(ada, uploaded(ada, "page.html", b"<script>1</script>")["id"])
    uploaded(ada, "page.html", b"<script>2</script>")

    fetched = site.fetch(opened(agency, share).headers["Location"])

    assert fetched.content == b"<script>2</script>"
    assert fetched.headers["Content-Type"] == "application/octet-stream"
    assert fetched.headers["Content-Disposition"].startswith("attachment;")


def test_fifty_at_once_open_it_five_times(agency: Agency):
    share = shared(agency.owner.at, max_downloads=5)

    with ThreadPoolExecutor(50) as pool:
        found = Counter(pool.map(lambda _: opened(agency, share).status_code, range(50)))

    assert found == {302: 5, 404: 45}
    assert agency.owner.at.get(f"/api/shares/{share['id']}").json()["downloads"] == 5
    assert len(events(agency, "share.opened")) == 5


def test_none_is_opened_after_its_revocation_was_answered(agency: Agency):
    share = shared(agency.owner.at)
    with ThreadPoolExecutor(8) as pool:
        early = [pool.submit(opened, agency, share) for _ in range(24)]
        gone = agency.owner.at.delete(f"/api/shares/{share['id']}")
        late = [pool.submit(opened, agency, share) for _ in range(8)]
        statuses = [future.result().status_code for future in early]

    assert gone.status_code == 204
    assert {future.result().status_code for future in late} == {404}
    count = agency.owner.at.get(f"/api/shares/{share['id']}").json()["downloads"]
    assert statuses.count(302) == count == len(events(agency, "share.opened"))


@pytest.mark.parametrize("headers", [{}, PAGE], ids=["program", "browser"])
def test_those_that_fail_are_told_apart_by_nothing(
    agency: Agency, globex: Agency, headers: dict[str, str]
):
    ada = agency.owner.at
    file = uploaded(ada, "plan.txt")["id"]
    revoked, expired, used, locked, foreign = (
        shared(ada, file, **fields)
        for fields in ({}, {}, {"max_downloads": 1}, {"password": "open sesame"}, {})
    )
    ada.delete(f"/api/shares/{revoked['id']}")
    change(agency, expired, expires_at=timezone.now())
    change(agency, used, downloads=1)
    change(agency, locked, expires_at=timezone.now())
    path = path_of(foreign)
    forged = [path[:-1], f"{path}A", f"{path[:-1]}.", f"/s/{path[3:].swapcase()}"]
    tries = [path_of(share) for share in (revoked, expired, used, locked)]
    tries += [*forged, "/s/" + "A" * 43, "/s/x"]

    answers = [agency.host.get(tried, headers=headers) for tried in tries]
    answers.append(globex.host.get(path, headers=headers))

    first = without_number(answers[0])
    assert first[0] == 404
    texts = {text.replace("Globex", "") for _, _, text in map(without_number, answers)}
    assert len(texts) == 1
    assert [a for a in map(without_number, answers) if a[:2] != first[:2]] == []


def test_it_is_at_the_host_of_its_workspace_alone(agency: Agency, site: Site):
    share = shared(agency.owner.at)

    for label in ("", "www", "api", "dash", "admin", "nobody-here"):
        assert site.host(label).get(path_of(share)).status_code == 404
    on_api = site.host("api").with_token(agency.owner.access_token)
    assert on_api.get(path_of(share)).status_code == 404
    assert opened(agency, share).status_code == 302


def test_head_and_previews_are_not_counted(agency: Agency, site: Site):
    share = shared(agency.owner.at, max_downloads=1)
    looks = [
        {"User-Agent": "Slackbot-LinkExpanding 1.0"},
        {"User-Agent": "WhatsApp/2.23.20.0"},
        {"User-Agent": "facebookexternalhit/1.1"},
        {"Sec-Purpose": "prefetch;prerender"},
    ]

    head = agency.host.request("HEAD", path_of(share))
    pages = [opened(agency, share, headers={**PAGE, **headers}) for headers in looks]

    assert head.status_code == 302
    assert site.fetch(head.headers["Location"], "HEAD").status_code == 200
    assert site.fetch(head.headers["Location"]).status_code == 403
    assert [page.status_code for page in pages] == [200] * 4
    assert all("shared.txt" not in page.text for page in pages)
    assert all("location" not in page.headers for page in pages)
    assert events(agency, "share.opened") == []
    assert opened(agency, share).status_code == 302


def test_in_the_trash_it_is_dead_and_out_of_it_good_again(agency: Agency):
    ada, share = agency.owner.at, shared(agency.owner.at)

    ada.delete(f"/api/files/{share['file']}")
    dead = opened(agency, share).status_code
    listed = ada.get("/api/shares").json()["results"]
    with tenant_context(agency.ref):
        File.objects.update(deleted_at=None)

    assert dead == 404
    assert [row["id"] for row in listed] == [share["id"]]
    assert opened(agency, share).status_code == 302


def test_it_is_as_good_as_whoever_made_it(agency: Agency):
    ada, adm = agency.owner, join(agency, "adm@here.test", role="admin")
    file = uploaded(ada.at, "adas.txt")["id"]
    share, hers = shared(adm.at, file), shared(ada.at, file)

    def once(**fields: object) -> int:
        assert ada.at.patch(f"/api/users/{adm.id}", fields).status_code == 200
        return opened(agency, share).status_code

    assert once(is_active=False) == 404
    assert once(is_active=True) == 302
    assert once(role="member") == 404
    assert once(role="admin") == 302
    assert ada.at.delete(f"/api/users/{adm.id}").status_code == 204
    assert opened(agency, share).status_code == 404
    assert opened(agency, hers).status_code == 302


def test_a_files_own_member_shares_until_they_leave(agency: Agency):
    ben = join(agency, "ben@here.test")
    share = shared(ben.at)
    assert opened(agency, share).status_code == 302

    with tenant_context(agency.ref):
        User.objects.filter(pk=ben.id).update(is_active=False)

    assert opened(agency, share).status_code == 404


def test_an_expired_one_does_not_open(agency: Agency):
    soon = (timezone.now() + timedelta(hours=1)).isoformat()
    share = shared(agency.owner.at, expires_at=soon)
    assert opened(agency, share).status_code == 302

    change(agency, share, expires_at=timezone.now())

    assert opened(agency, share).status_code == 404


def test_no_log_has_the_token(agency: Agency, site: Site, stores):
    share = shared(agency.owner.at)
    token = path_of(share).rpartition("/")[2]
    host: Host = agency.host
    answers = [
        opened(agency, share),
        host.get(f"{path_of(share)}/more"),
        host.post(path_of(share), {}),
        site.host().get(path_of(share)),
    ]
    later = host.get("/after-the-link")

    assert lines_with(stores, later.headers["x-request-id"], "access")
    for name in ("gunicorn", "access", "traefik"):
        assert token not in text_of(stores, name)
    assert '"/s/[hidden]"' in text_of(stores)
    assert answers[0].headers["x-request-id"] in text_of(stores)
    assert answers[0].headers["x-request-id"] in text_of(stores, "access")
