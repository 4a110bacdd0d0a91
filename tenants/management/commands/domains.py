"""manage.py domains claim | check | list | release"""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError

from audit.services import SYSTEM
from core.termination import TERMINATION_EXCEPTIONS, exit_status
from tenants.domains.dns_proof import CheckResult, proof_record
from tenants.domains.reports import RECORD_MISSING, DomainReport, domain_report, print_domains
from tenants.domains.services import claim_domain, domains_of, get_domain_by_name, remove_domain
from tenants.domains.validation import clean_domain
from tenants.domains.verification import check_all_domains, check_domain, expire_claims
from tenants.management.arguments import (
    ONE_TENANT,
    add_dry_run_argument,
    add_json_argument,
    named_tenant,
)
from tenants.management.base import TenantCommand
from tenants.models import Domain

FAILED = {CheckResult.SERVFAIL, CheckResult.TIMEOUT}


class Command(TenantCommand):
    help = (
        "Custom domains of tenants: claim, check the DNS record that proves one, list, release.\n\n"
        "Example: manage.py domains claim acme files.acme.example\n"
        "         manage.py domains check acme files.acme.example\n"
        "         manage.py domains check --all      (for example every hour)\n"
        "         manage.py domains release acme files.acme.example"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        texts = {
            "claim": "claim a domain and print the record that proves it",
            "check": "look up the record; --all: of every domain, and expire old claims",
            "list": "the domains of a tenant, or every custom domain",
            "release": "remove a domain from a tenant; it stops being served at once",
        }
        for verb, text in texts.items():
            part = verbs.add_parser(verb, help=text, description=text)
            optional = "?" if verb in {"check", "list"} else None
            part.add_argument("slug", nargs=optional, metavar="TENANT", help=ONE_TENANT)
            if verb != "list":
                part.add_argument(
                    "domain",
                    nargs=optional,
                    metavar="DOMAIN",
                    help="for instance files.acme.example",
                )
            if verb == "check":
                part.add_argument("--all", action="store_true", help="all custom domains")
            if verb == "release":
                add_dry_run_argument(part, "only show the domain, release nothing")
            add_json_argument(part, "JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        verbs: dict[str, Callable[[dict[str, Any]], None]] = {
            "claim": self._claim,
            "check": self._check_all if options.get("all") else self._check,
            "list": self._list,
            "release": self._release,
        }
        try:
            verbs[options["verb"]](options)
        except TERMINATION_EXCEPTIONS as exc:
            message = "Interrupted; the results so far are stored."
            raise CommandError(message, returncode=exit_status(exc)) from None

    def _claim(self, options: dict[str, Any]) -> None:
        tenant = named_tenant(options["slug"])
        domain = claim_domain(tenant.id, name=options["domain"], actor=SYSTEM)
        proof = proof_record(domain)
        text = (
            f"Set this record, then check the domain:\n  {proof.name}. {proof.type} {proof.value}"
        )
        self.write_result(domain_report(domain), text, as_json=options["json"])

    def _check(self, options: dict[str, Any]) -> None:
        domain = check_domain(_named(options).pk, actor=SYSTEM)
        report = domain_report(domain)
        text = f"{report['domain']}: {report['result']}; {report['state']}"
        self.write_result(report, text, as_json=options["json"])
        if not domain.verified_at:
            raise CommandError(
                f"{domain.domain} is not proved: {report['result']}. "
                "`manage.py domains list --json` shows the record to set."
            )

    def _check_all(self, options: dict[str, Any]) -> None:
        reports = []
        for domain in check_all_domains(actor=SYSTEM):
            reports.append(domain_report(domain))
            if not options["json"]:
                self.stdout.write(f"{domain.domain}: {reports[-1]['result']}")
        expired = expire_claims(actor=SYSTEM)
        document = {"checked": reports, "expired": expired}
        self.write_result(document, _summary(reports, expired), as_json=options["json"])
        failed = sum(report["result"] in FAILED for report in reports)
        if failed:
            raise CommandError(
                f"{failed} of {len(reports)} could not be looked up. Check again later."
            )

    def _list(self, options: dict[str, Any]) -> None:
        slug = options["slug"]
        found = domains_of(named_tenant(slug).id) if slug else _custom_domains()
        reports = [domain_report(domain) for domain in found]
        if options["json"]:
            self.stdout.write(json.dumps(reports, indent=2))
        else:
            print_domains(reports, self.stdout)

    def _release(self, options: dict[str, Any]) -> None:
        domain = _named(options)
        if options["dry_run"]:
            report = domain_report(domain)
            text = f"{report['domain']} ({report['state']}) would be released."
            self.write_result(report, text, as_json=options["json"])
            return
        remove_domain(domain.pk, actor=SYSTEM, tenant_id=domain.tenant_id)
        document = {"released": domain.domain}
        self.write_result(document, f"{domain.domain} is released.", as_json=options["json"])


def _named(options: dict[str, Any]) -> Domain:
    if not (options["slug"] and options["domain"]):
        raise CommandError("Name a tenant and a domain, or give --all.")
    return get_domain_by_name(named_tenant(options["slug"]).id, clean_domain(options["domain"]))


def _custom_domains() -> Any:
    return Domain.objects.filter(kind=Domain.Kind.CUSTOM).prefetch_related("tenant__domains")


def _summary(reports: list[DomainReport], expired: list[str]) -> str:
    lost = [report["domain"] for report in reports if report["state"] == RECORD_MISSING]
    parts = [f"{len(reports)} checked"]
    parts += [f"proved, but the record is gone: {', '.join(lost)}"] if lost else []
    parts += [f"claims that expired: {', '.join(expired)}"] if expired else []
    return "\n".join(parts)
