"""The permission matrix of files, as data: what every kind of caller gets from every route.

The requested object belongs to ``member``, or to the owner where one of the owner's API keys is
used. A number is the status; ``+`` or ``-`` after it says whether a list contains the object. ``.``
is a route that does not exist. A caller that may not read an object gets 404, and never learns that
it exists.
"""

from dataclasses import dataclass

ACTORS = (
    "owner",
    "admin",
    "member",
    "another-member",
    "key-with-scope-of-owner",
    "key-with-scope-on-members",
    "key-without-scope",
    "other-tenant",
    "other-tenants-key",
    "other-tenant-on-api",
    "anonymous",
    "suspended",
)
# For these callers the owner has the requested object.
ON_OWNERS = {"key-with-scope-of-owner", "key-without-scope"}
CODES = {
    401: "token_invalid",
    403: "insufficient_scope",
    404: "not_found",
}
CODES_OF = {
    "member": {403: "permission_denied"},
    "another-member": {403: "permission_denied"},
    "anonymous": {401: "not_authenticated"},
    "suspended": {403: "tenant_suspended"},
}

TABLE = """
route                 method  scope         own adm mem ano key k/m w/o oth o/k api nob sus
files                 GET     files:read    200+ 200+ 200+ 200- 200+ 200+ 403 401 401 200- 401 403
files                 POST    files:write   201 201 201 201 201 201 403 401 401 201 401 403
file-archive          POST    files:read    200 200 200 404 200 200 403 401 401 404 401 403
file                  GET     files:read    200 200 200 404 200 200 403 401 401 404 401 403
file                  PATCH   files:write   200 200 200 404 200 200 403 401 401 404 401 403
file                  DELETE  files:write   204 204 204 404 204 204 403 401 401 404 401 403
file-download         GET     files:read    302 302 302 404 302 302 403 401 401 404 401 403
file-content          GET     files:read    200 200 200 404 200 200 403 401 401 404 401 403
file-versions         GET     files:read    200 200 200 404 200 200 403 401 401 404 401 403
file-version-restore  POST    files:write   200 200 200 404 200 200 403 401 401 404 401 403
own-logo              PUT     tenant:write  200 200 403 403 200 200 403 401 401 200 401 403
own-logo              DELETE  tenant:write  204 204 403 403 204 204 403 401 401 204 401 403
own-usage             GET     usage:read    200 200 403 403 200 200 403 401 401 200 401 403
trash                 GET     files:read    200+ 200+ 200+ 200- 200+ 200+ 403 401 401 200- 401 403
trashed               DELETE  files:write   204 204 204 404 204 204 403 401 401 404 401 403
trashed-restore       POST    files:write   200 200 200 404 200 200 403 401 401 404 401 403
file-shares           GET     shares:read   200 200 200 404 200 200 403 401 401 404 401 403
file-shares           POST    shares:write  201 201 201 404 201 201 403 401 401 404 401 403
shares                GET     shares:read   200+ 200+ 200+ 200- 200+ 200+ 403 401 401 200- 401 403
share                 GET     shares:read   200 200 200 404 200 200 403 401 401 404 401 403
share                 DELETE  shares:write  204 204 204 404 204 204 403 401 401 404 401 403
uploads               GET     files:write   200+ 200+ 200+ 200- 200+ 200+ 403 401 401 200- 401 403
uploads               POST    files:write   201 201 201 201 201 201 403 401 401 201 401 403
upload                GET     files:write   200 200 200 404 200 200 403 401 401 404 401 403
upload                DELETE  files:write   204 204 204 404 204 204 403 401 401 404 401 403
upload-parts          POST    files:write   404 404 200 404 200 404 403 401 401 404 401 403
upload-complete       POST    files:write   404 404 201 404 201 404 403 401 401 404 401 403
share-page            GET     -             302 302 302 302 302 302 302 302 302 . 302 403
share-page            POST    -             302 302 302 302 302 302 302 302 302 . 302 403
"""


@dataclass(frozen=True)
class Case:
    """The expected result of one method of one route for one caller."""

    route: str
    method: str
    scope: str
    actor: str
    status: int
    listed: bool | None

    @property
    def refused(self) -> bool:
        """Whether the request must change nothing."""
        return self.status >= 400

    @property
    def code_names_scope(self) -> bool:
        """Whether the problem names the missing scope."""
        return self.actor == "key-without-scope" and self.refused

    @property
    def code(self) -> str:
        """The problem code of the refusal."""
        return CODES_OF.get(self.actor, {}).get(self.status, CODES[self.status])


def cases() -> list[Case]:
    """Return the matrix as a list of cases."""
    found = []
    for line in TABLE.strip().splitlines()[1:]:
        route, method, scope, *responses = line.split()
        for actor, response in zip(ACTORS, responses, strict=True):
            if response != ".":
                listed = {"+": True, "-": False}.get(response[-1])
                found.append(Case(route, method, scope, actor, int(response[:3]), listed))
    return found
