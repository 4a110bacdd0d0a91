"""manage.py verify_uploads"""

from collections.abc import Callable
from typing import Any

from core.text.normalization import pluralize
from core.workers import ShouldStop, WorkerCommand
from files.uploads.verifier import run_verifier, verify_all_tenants


class Command(WorkerCommand):
    worker = "verifier"
    help = (
        "Verify uploads that are too large for a verification during the request "
        "(UPLOAD_SYNC_VERIFY_MAX_BYTES), and make files of those that match their declared size "
        "and checksum: at once when an upload is completed, and by a sweep every "
        "UPLOAD_VERIFY_SWEEP_SECONDS. Runs until it is stopped, which loses nothing; several "
        "may run side by side. With --once it verifies what is due and ends.\n\n"
        "Example: manage.py verify_uploads --once"
    )

    def run(self, stop: ShouldStop, beat: Callable[[], None]) -> None:
        run_verifier(stop, beat)

    def run_once(self) -> tuple[dict[str, Any], str]:
        count = verify_all_tenants()
        return {"verified": count}, f"{pluralize(count, 'upload')} read."
