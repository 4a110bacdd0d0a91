"""What is kept of files in a tenant's schema. The bytes are in the store."""

from files.models.balance import Balance
from files.models.file import File, FileVersion
from files.models.share import Share
from files.models.upload import Upload

__all__ = ["Balance", "File", "FileVersion", "Share", "Upload"]
