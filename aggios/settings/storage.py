"""Files, uploads, the object store, static files."""

from pathlib import Path

from aggios.settings.base import BASE_DIR, PRODUCTION
from core import env

FILE_SHARES_LIMIT = env.integer("FILE_SHARES_LIMIT", 200, least=1)
FILE_UPLOAD_HANDLERS = ["core.http.multipart.NoFilesUploadHandler"]
# The largest object of Amazon S3 (user guide, "Multipart upload limits") is the largest file.
FILE_MAX_BYTES = env.integer("FILE_MAX_BYTES", 5 * 1024**4, least=1)
# Through the backend (POST /api/files); larger files go directly to the object store.
FILE_STREAM_MAX_BYTES = env.integer("FILE_STREAM_MAX_BYTES", 5 * 1024**3, least=1)
# Files that are downloaded together as one ZIP (files/archives.py).
ARCHIVE_MAX_FILES = env.integer("ARCHIVE_MAX_FILES", 1000, least=1)
ARCHIVE_MAX_BYTES = env.integer("ARCHIVE_MAX_BYTES", 50 * 1024**3, least=1)
# Files that one operation deletes, restores or purges (files/bulk.py).
FILES_BULK_MAX = env.integer("FILES_BULK_MAX", 1000, least=1)
TRASH_SECONDS = env.integer("TRASH_SECONDS", 30 * 86400, least=0)

# Up to this size one request to the object store; larger uploads have parts.
UPLOAD_SINGLE_BYTES = env.integer("UPLOAD_SINGLE_BYTES", 16 * 1024**2, least=0)
UPLOAD_SECONDS = env.integer("UPLOAD_SECONDS", 86400, least=60)
# An upload without any byte ends after this time. Limits per user: files/uploads/user_limits.py.
UPLOAD_START_SECONDS = env.integer("UPLOAD_START_SECONDS", 3600, least=60)
UPLOAD_OPEN_PER_USER = env.integer("UPLOAD_OPEN_PER_USER", 100, least=1)
UPLOAD_USER_SHARE_PERCENT = env.integer("UPLOAD_USER_SHARE_PERCENT", 50, least=1)
# Larger objects are verified in the background (manage.py verify_uploads), so many at the same
# time.
UPLOAD_SYNC_VERIFY_MAX_BYTES = env.integer("UPLOAD_SYNC_VERIFY_MAX_BYTES", 1024**3, least=0)
UPLOAD_VERIFY_CONCURRENCY = env.integer("UPLOAD_VERIFY_CONCURRENCY", 4, least=1)
UPLOAD_VERIFY_SWEEP_SECONDS = env.integer("UPLOAD_VERIFY_SWEEP_SECONDS", 60, least=1)
UPLOAD_URL_SECONDS = env.integer("UPLOAD_URL_SECONDS", 3600, least=10)

S3_BUCKET = env.text("S3_BUCKET", "aggios")
S3_ENDPOINT_URL = env.text("S3_ENDPOINT_URL")
S3_PUBLIC_ENDPOINT_URL = env.text("S3_PUBLIC_ENDPOINT_URL")
S3_REGION = env.text("S3_REGION", "us-east-1")
S3_ACCESS_KEY_ID = env.text("S3_ACCESS_KEY_ID")
S3_SECRET_ACCESS_KEY = env.text("S3_SECRET_ACCESS_KEY")
# setup_storage enables these if the store supports them; off does not change the bucket.
S3_BUCKET_VERSIONING = env.flag("S3_BUCKET_VERSIONING", True)
S3_BUCKET_ENCRYPTION = env.flag("S3_BUCKET_ENCRYPTION", True)
DOWNLOAD_URL_SECONDS = env.integer("DOWNLOAD_URL_SECONDS", 300, least=10)
# Temporary credentials for each tenant, confined to its prefix by the store (AWS STS).
S3_TENANT_CREDENTIALS = env.choice("S3_TENANT_CREDENTIALS", "off", ("off", "sts"))
S3_STS_ENDPOINT_URL = env.text("S3_STS_ENDPOINT_URL", "") or S3_ENDPOINT_URL
S3_STS_ROLE_ARN = env.text("S3_STS_ROLE_ARN", "") or "arn:aws:iam::000000000000:role/aggios"
# A presigned URL expires with the credentials that signed it.
_longest = max(UPLOAD_URL_SECONDS, DOWNLOAD_URL_SECONDS) if S3_TENANT_CREDENTIALS == "sts" else 0
S3_STS_SECONDS = env.integer("S3_STS_SECONDS", 14400, least=max(900, _longest + 300))

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", "") or BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
STORAGES = {
    "default": {"BACKEND": "files.storage.backend.TenantStorage"},
    "staticfiles": {"BACKEND": "core.http.static_files.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = not PRODUCTION
