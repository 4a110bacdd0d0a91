"""manage.py domains claim | check | list | release"""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.services import SYSTEM
from core.problems import Problem
from core.termination import TERMINATION_EXCEPTIONS, exit_status
from tenants.domains.dns_proof import CheckResult, proof_record
from tenants.domains.reports import RECORD_MISSING, DomainReport, domain_report, print_domains
from tenants.domains.services import claim_domain, domains_of, get_domain_by_name, remove_domain
from tenants.domains.validation import clean_domain
from tenants.domains.verification import check_all_domains, check_domain, expire_claims
from tenants.models import Domain
from tenants.queries import tenant_by_slug

FAILED = {CheckResult.SERVFAIL, CheckResult.TIMEOUT}


class Command(BaseCommand):
    help = (
        "Custom domains of tenants: claim, check the DNS record that proves one, list, release.\n\n"
        "Example: manage.py domains claim acme files.acme.example\n"
        "         manage.py domains check acme files.acme.example\n"
        "         manage.py domains check --all      (every hour, say)\n"
        "         manage.py domains release acme files.acme.example"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        texts = {
            "claim": "claim a domain and tell which record proves it",
            "check": "look the record up; --all: of every domain, and let stale claims go",
            "list": "the names of a tenant, or every custom domain",
            "release": "take a name from a tenant; it stops answering at once",
        }
        for verb, text in texts.items():
            part = verbs.add_parser(verb, help=text, description=text)
            optional = "?" if verb in {"check", "list"} else None
            part.add_argument("slug", nargs=optional, help="the tenant's subdomain")
            if verb != "list":
                part.add_argument("domain", nargs=optional, help="for instance files.acme.example")
            if verb == "check":
                part.add_argument(
                    "--all", action="store_true", help="every claim and proved domain"
                )
            if verb == "release":
                part.add_argument(
                    "--dry-run", action="store_true", help="tell, and release nothing"
                )
            part.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        verbs: dict[str, Callable[[dict[str, Any]], None]] = {
            "claim": self._claim,
            "check": self._check_all if options.get("all") else self._check,
            "list": self._list,
            "release": self._release,
        }
        try:
            verbs[options["verb"]](options)
        except Problem as problem:
            raise CommandError(problem.sentence) from problem
        except TERMINATION_EXCEPTIONS as exc:
            line = "Interrupted; what was checked is kept."
            raise CommandError(line, returncode=exit_status(exc)) from None

    def _claim(self, options: dict[str, Any]) -> None:
        tenant = tenant_by_slug(options["slug"])
        domain = claim_domain(tenant.id, name=options["domain"], actor=SYSTEM)
        proof = proof_record(domain)
        text = (
            f"Set this record, then check the domain:\n  {proof.name}. {proof.type} {proof.value}"
        )
        self._tell(domain_report(domain), text, options)

    def _check(self, options: dict[str, Any]) -> None:
        domain = check_domain(_named(options).pk, actor=SYSTEM)
        told = domain_report(domain)
        self._tell(told, f"{told['domain']}: {told['result']}; {told['state']}", options)
        if not domain.verified_at:
            raise CommandError(f"{domain.domain} is not proved: {told['result']}.")

    def _check_all(self, options: dict[str, Any]) -> None:
        reports = []
        for domain in check_all_domains(actor=SYSTEM):
            reports.append(domain_report(domain))
            if not options["json"]:
                self.stdout.write(f"{domain.domain}: {reports[-1]['result']}")
        expired = expire_claims(actor=SYSTEM)
        if options["json"]:
            self.stdout.write(json.dumps({"checked": reports, "expired": expired}, indent=2))
        else:
            self.stdout.write(_summary(reports, expired))
        failed = sum(told["result"] in FAILED for told in reports)
        if failed:
            raise CommandError(f"{failed} of {len(reports)} could not be looked up.")

    def _list(self, options: dict[str, Any]) -> None:
        slug = options["slug"]
        found = domains_of(tenant_by_slug(slug).id) if slug else _customs()
        reports = [domain_report(domain) for domain in found]
        if options["json"]:
            self.stdout.write(json.dumps(reports, indent=2))
        else:
            print_domains(reports, self.stdout)

    def _release(self, options: dict[str, Any]) -> None:
        domain = _named(options)
        if options["dry_run"]:
            told = domain_report(domain)
            self._tell(told, f"{told['domain']} ({told['state']}) would be released.", options)
            return
        remove_domain(domain.pk, actor=SYSTEM, tenant_id=domain.tenant_id)
        self._tell({"released": domain.domain}, f"{domain.domain} is released.", options)

    def _tell(self, document: Any, text: str, options: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(document, indent=2) if options["json"] else text)


def _named(options: dict[str, Any]) -> Domain:
    if not (options["slug"] and options["domain"]):
        raise CommandError("Name a tenant and a domain, or say --all.")
    return get_domain_by_name(tenant_by_slug(options["slug"]).id, clean_domain(options["domain"]))


def _customs() -> Any:
    return Domain.objects.filter(kind=Domain.Kind.CUSTOM).prefetch_related("tenant__domains")


def _summary(reports: list[DomainReport], expired: list[str]) -> str:
    lost = [told["domain"] for told in reports if told["state"] == RECORD_MISSING]
    parts = [f"{len(reports)} checked"]
    parts += [f"proved, but the record is gone: {', '.join(lost)}"] if lost else []
    parts += [f"claims that expired: {', '.join(expired)}"] if expired else []
    return "\n".join(parts)
