"""Problems of the files API."""

from core.problems import Problem


class FileTooLarge(Problem):
    status = 413
    code = "file_too_large"
    title = "The file is larger than this service accepts."


class QuotaExceeded(Problem):
    """The member ``quota`` holds limits and usage.

    ``reservable_bytes`` is added when quota is left that this user may not reserve.
    """

    status = 413
    code = "quota_exceeded"
    title = "The workspace does not have enough storage for this file."


class TooManyUploads(Problem):
    """The member ``limit`` is the number of open uploads that one user may have."""

    status = 409
    code = "too_many_uploads"
    title = "You have too many open uploads. Complete or abort some first."


class UploadInterrupted(Problem):
    status = 400
    code = "upload_interrupted"
    title = "The upload ended before the file was complete."


class ArchiveTooLarge(Problem):
    """The member ``limit`` holds the largest number of files and bytes of one archive."""

    status = 413
    code = "archive_too_large"
    title = "These are too many files, or too many bytes, for one archive."


class NameTaken(Problem):
    status = 409
    code = "name_taken"
    title = "Its owner has another file with this name."


class FolderCycle(Problem):
    status = 409
    code = "folder_cycle"
    title = "A folder cannot be moved into itself."


class TooManyFiles(Problem):
    """The member ``limit`` is the number of files that one operation changes at most."""

    status = 409
    code = "too_many_files"
    title = "These are too many files for one operation."


class RangeNotSatisfiable(Problem):
    status = 416
    code = "range_not_satisfiable"
    title = "The requested range is outside of the file."


class UploadIncomplete(Problem):
    status = 409
    code = "upload_incomplete"
    title = "The store does not have the complete file yet."


class ChecksumMismatch(Problem):
    status = 422
    code = "checksum_mismatch"
    title = (
        "The content does not match its declared size or checksum. Nothing was stored; start again."
    )


class TooManyShares(Problem):
    """The member ``limit`` is the number of shares that a file may have."""

    status = 409
    code = "too_many_shares"
    title = "The file has too many links. Revoke one first."


class SharingOff(Problem):
    status = 403
    code = "sharing_off"
    title = "This workspace does not let files be shared by links."


class SharePasswordRequired(Problem):
    status = 401
    code = "share_password_required"
    title = "This link asks for a password."


class SharePasswordWrong(Problem):
    status = 401
    code = "share_password_wrong"
    title = "This is not the password of the link."


class UploadEnded(Problem):
    """The member ``reason`` is ``aborted``, ``expired``, ``interrupted`` or ``mismatch``."""

    status = 409
    code = "upload_ended"
    title = "This upload has ended without a file."


class UploadVerifying(Problem):
    status = 409
    code = "upload_verifying"
    title = "This upload is complete and is being verified. Send nothing more."


class UploadCompleted(Problem):
    status = 409
    code = "upload_completed"
    title = "This upload has become a file. Delete the file instead."
