"""manage.py clone_tenant"""

from argparse import ArgumentParser
from typing import Any

from audit.services import SYSTEM
from operations.archives.clone import CloneOptions, clone_tenant
from operations.archives.progress import show_progress
from operations.archives.restore import LoadOptions
from operations.management.output import OperationCommand, command_errors
from tenants.management.arguments import (
    ONE_TENANT,
    add_json_argument,
    add_slug_argument,
    named_tenant,
)
from tenants.routing import site_url
from tenants.schemas.owner import owner_connection


class Command(OperationCommand):
    help = (
        "Copy a tenant to a new one for staging: personal data masked, no passwords, sessions, "
        "keys and stored answers. The first owner gets a new password, shown once. The content of "
        "files is not masked; --without-objects leaves files out.\n\n"
        "Example: manage.py clone_tenant acme acme-staging"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser, f"the original; {ONE_TENANT}")
        parser.add_argument("new", help="the copy's subdomain")
        parser.add_argument("--name", default="", help="of the copy")
        parser.add_argument("--without-objects", action="store_true", help="no files in the copy")
        parser.add_argument("--keep-file-names", action="store_true", help="do not mask them")
        parser.add_argument(
            "--allow-missing", action="store_true", help="go on without objects that are lost"
        )
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        owner_connection()
        clone_options = CloneOptions(
            slug=options["new"],
            name=options["name"],
            with_objects=not options["without_objects"],
            keep_file_names=options["keep_file_names"],
            allow_missing=options["allow_missing"],
        )
        with (
            command_errors("Run the command again to go on."),
            show_progress(self.stderr, "copying", "") as watch,
        ):
            how = LoadOptions(SYSTEM, lambda line: None, watch)
            result = clone_tenant(named_tenant(options["slug"]), clone_options, how)
        document = {
            "id": str(result.tenant.pk),
            "slug": result.tenant.slug,
            "url": site_url(result.tenant.slug),
            "owner": result.owner,
            "password": result.password,
            "missing": result.missing,
        }
        line = "{slug} is ready at {url}\n  owner     {owner}\n  password  {password}"
        self.finish(document, line.format(**document))
