"""``python -m bench``: list the benchmarks, or run one with the options that follow its name."""

import sys
from collections.abc import Callable

from bench.accounts import enumeration, login_storm, sessions
from bench.attack import run as attack
from bench.files import run as files
from bench.pages import run as pages
from bench.serving import proxy_memory, slow_clients, users_me, worker_memory
from bench.tenants import create_tenant, fleet, roles

BENCHMARKS: dict[str, tuple[Callable[[list[str]], int], str]] = {
    "accounts": (login_storm.main, login_storm.TITLE),
    "attack": (attack.main, attack.TITLE),
    "create_tenant": (create_tenant.main, create_tenant.TITLE),
    "enumeration": (enumeration.main, enumeration.TITLE),
    "files": (files.main, files.TITLE),
    "fleet": (fleet.main, fleet.TITLE),
    "pages": (pages.main, pages.TITLE),
    "proxy_memory": (proxy_memory.main, proxy_memory.TITLE),
    "roles": (roles.main, roles.TITLE),
    "sessions": (sessions.main, sessions.TITLE),
    "slow_clients": (slow_clients.main, slow_clients.TITLE),
    "users_me": (users_me.main, users_me.TITLE),
    "worker_memory": (worker_memory.main, worker_memory.TITLE),
}


def main(arguments: list[str]) -> int:
    """Run the benchmark that the first argument names; without one, list them."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        print("python -m bench NAME [--help] [--json]\n")
        for name, (_, title) in BENCHMARKS.items():
            print(f"  {name:14} {title}")
        return 0
    if arguments[0] not in BENCHMARKS:
        print(f"There is no benchmark {arguments[0]!r}; there are: {', '.join(BENCHMARKS)}.")
        return 2
    run, _ = BENCHMARKS[arguments[0]]
    return run(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
