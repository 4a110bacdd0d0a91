"""Counts modules: their sizes for each package, and how many a newcomer opens to follow a request.

    .venv/bin/python scripts/count_modules.py           sizes and flows, as a table
    .venv/bin/python scripts/count_modules.py --list    the modules of each flow, too

A flow is a request that is really served, in this process, on servers of its own. It counts each
module of ours of which the request executes a function. So the figure does not depend on how
imports are written, and a module that a request only imports does not count.
"""

import ast
import os
import statistics
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# In the order in which imports may go; those that a checkout lacks are left out.
PACKAGES = (
    "core", "audit", "idempotency", "tenants", "staff", "accounts", "files", "pages", "operations",
    "aggios", "devstack",
)  # fmt: skip
PASSWORD = "a long enough secret"  # noqa: S105 - of a tenant that lives as long as this script


def modules() -> Iterator[Path]:
    """Return the modules of our packages, without migrations and empty ``__init__``s."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts and path.name != "__init__.py":
                yield path


def functions(path: Path) -> list[int]:
    """Return the length in lines of each function of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    return [node.end_lineno - node.lineno + 1 for node in found if node.end_lineno]


def percentile(values: list[int], share: float) -> int:
    """Return the value that ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def print_sizes() -> None:
    """Print modules, lines and lengths of functions for each package and for all."""
    print("package      modules  lines  median  p90  max  <40")
    everything = list(modules())
    for package in (*PACKAGES, "all"):
        paths = [p for p in everything if package in ("all", p.relative_to(ROOT).parts[0])]
        if not paths:
            continue
        lines = [len(p.read_text(encoding="utf-8").splitlines()) for p in paths]
        print(
            f"{package:12} {len(paths):7} {sum(lines):6}  {statistics.median(lines):6.0f} "
            f" {percentile(lines, 0.9):4} {max(lines):4} {sum(n < 40 for n in lines):4}"
        )
    lengths = [length for path in everything for length in functions(path)]
    print(
        f"functions: {len(lengths)}, lines median {statistics.median(lengths):.0f},"
        f" p90 {percentile(lengths, 0.9)}, max {max(lengths)}\n"
    )


@dataclass
class Flow:
    """The modules whose functions were executed while the flow ran, added to ``before``."""

    name: str
    before: set[str] = field(default_factory=set)
    found: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.found = set(self.before)

    @contextmanager
    def traced(self) -> Iterator[None]:
        """Record what is called here, in every thread."""
        threading.setprofile(self._called)
        sys.setprofile(self._called)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]

    def _called(self, frame: Any, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or code.co_name == "<module>":
            return
        path = Path(code.co_filename)
        if path.is_relative_to(ROOT):
            parts = path.relative_to(ROOT).parts
            if parts[0] in PACKAGES and parts[0] != "devstack":
                self.found.add("/".join(parts))


@contextmanager
def servers() -> Iterator[None]:
    """Run PostgreSQL, Valkey and the store, and set Django up on them."""
    sys.path.insert(0, str(ROOT))
    from devstack.home import Home  # noqa: PLC0415
    from devstack.services.registry import STORES  # noqa: PLC0415 - after the path is set
    from devstack.testing import TestStack, temporary_home  # noqa: PLC0415

    with temporary_home() as home, TestStack(Home.at(home)) as stack:
        stack.start_ready(*STORES)
        # Uploads go to the store itself; there is no proxy here.
        direct = {"S3_PUBLIC_ENDPOINT_URL": stack.env["S3_ENDPOINT_URL"], "LOG_LEVEL": "ERROR"}
        os.environ.update(stack.env, **direct, DJANGO_SETTINGS_MODULE="aggios.settings")
        import django  # noqa: PLC0415 - it reads the environment

        django.setup()
        yield


def prepare_platform() -> None:
    """Make the database and the bucket, and import every module that answers requests."""
    from importlib import import_module  # noqa: PLC0415

    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    for command in ("bootstrap_database", "migrate_schemas", "setup_storage"):
        call_command(command, stdout=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    for path in modules():
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if ".urls" in f".{name}" and not name.startswith("devstack"):
            import_module(name)
    import_module(settings.WSGI_APPLICATION.rpartition(".")[0])


def flows() -> list[Flow]:
    """Serve the requests and return what each executed."""
    from django.test import Client  # noqa: PLC0415

    base = f"{os.environ['BASE_DOMAIN']}:{os.environ['PUBLIC_PORT']}"
    at = f"flow.{base}"
    post = _poster(Client())
    signup = {"company": "Flow", "subdomain": "flow", "first_name": "Ada", "last_name": "L"}
    login = {"email": "ada@flow.example", "password": PASSWORD}
    post(base, "/api/auth/register", {**signup, **login}, expect=201)
    return [_login(post, at, login), *_direct_upload(post, at, login), _host_to_tenant(at)]


Post = Callable[..., dict[str, Any]]


def _poster(client: Any) -> Post:
    def post(host: str, path: str, body: dict[str, Any], *, expect: int, token: str = "") -> Any:
        extra = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
        response = client.post(path, body, "application/json", HTTP_HOST=host, **extra)
        if response.status_code != expect:
            raise SystemExit(f"{path}: {response.status_code} {response.content[:500]!r}")
        return response.json()

    return post


def _login(post: Post, at: str, login: dict[str, Any]) -> Flow:
    flow = Flow("a log-in: refused, accepted, and the first request with its token")
    with flow.traced():
        post(at, "/api/auth/login", {**login, "password": f"not {PASSWORD}"}, expect=401)
        token = post(at, "/api/auth/login", login, expect=200)["access_token"]
        _get(at, "/api/users/me", expect=200, token=token)
    return flow


def _direct_upload(post: Post, at: str, login: dict[str, Any]) -> list[Flow]:
    import httpx  # noqa: PLC0415

    token = post(at, "/api/auth/login", login, expect=200)["access_token"]
    created = Flow("a direct upload: POST /api/uploads, which returns where to send the bytes")
    with created.traced():
        body = {"name": "note.txt", "size": 5}
        upload = post(at, "/api/uploads", body, expect=201, token=token)
    httpx.put(upload["urls"][0], content=b"hello", headers=upload["headers"]).raise_for_status()
    completed = Flow(
        "  and with POST /api/uploads/{id}/complete, which makes the file", created.found
    )
    with completed.traced():
        post(at, f"/api/uploads/{upload['id']}/complete", {}, expect=201, token=token)
    return [created, completed]


def _host_to_tenant(at: str) -> Flow:
    flow = Flow("from host to tenant: a path that no view serves, on a tenant's host")
    with flow.traced():
        _get(at, "/api/no-such-route", expect=404)
    return flow


def _get(host: str, path: str, *, expect: int, token: str = "") -> None:
    from django.test import Client  # noqa: PLC0415

    extra = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
    response = Client().get(path, HTTP_HOST=host, **extra)
    if response.status_code != expect:
        raise SystemExit(f"{path}: {response.status_code} {response.content[:500]!r}")


def main() -> None:
    """Print sizes and flows."""
    print_sizes()
    warnings.filterwarnings("ignore", "No directory at", UserWarning)  # static files are not made
    with servers():
        prepare_platform()
        for flow in flows():
            print(f"{len(flow.found):3} modules for {flow.name}")
            if "--list" in sys.argv:
                print("".join(f"      {module}\n" for module in sorted(flow.found)), end="")


if __name__ == "__main__":
    main()
