"""Files and links of a workspace, and the public pages of links."""

from tests.support.pages.rows.row import MEMBER, OWNER, UNKNOWN_ID, PageRow
from tests.support.pages.rows.steps import open_upload_menu, submit

FILES = [
    PageRow("files-empty", "tenant", "/files", "files-page", who=MEMBER),
    PageRow(
        "files",
        "tenant",
        "/files",
        "files-page",
        needs=("file",),
        who=OWNER,
        parameters=("path", "search", "kind", "person", "since", "sort", "cursor", "view"),
    ),
    PageRow("files-grid", "tenant", "/files?view=grid", "files-page", needs=("file",), who=OWNER),
    PageRow("files-folder", "tenant", "/files?path=empty/", "files-page", who=OWNER),
    PageRow(
        "files-found", "tenant", "/files?search=offer", "files-page", needs=("file",), who=OWNER
    ),
    PageRow("files-not-found", "tenant", "/files?search=qqzz", "files-page", who=OWNER),
    PageRow("files-menu", "tenant", "/files", needs=("file",), who=OWNER, then=open_upload_menu),
    PageRow("file", "tenant", "/files/{file}", "file-page", who=OWNER),
    PageRow("file-unknown", "tenant", f"/files/{UNKNOWN_ID}", who=OWNER, status=404),
    PageRow("file-rename", "tenant", "/files/{file}/rename", "rename-file-page", who=OWNER),
    PageRow(
        "file-preview",
        "tenant",
        "/files/{file}/preview",
        "preview-page",
        who=OWNER,
        status=302,
        is_framed=True,
        parameters=("version",),
    ),
    PageRow(
        "file-download",
        "tenant",
        "/files/{file}/download",
        "download-page",
        who=OWNER,
        status=302,
        parameters=("version",),
    ),
    PageRow(
        "version-restore",
        "tenant",
        "/files/{file}/versions/1/restore",
        "restore-version-page",
        who=OWNER,
        status=302,
    ),
    PageRow(
        "folder-rename",
        "tenant",
        "/files/folder/rename?path=drafts/",
        "rename-folder-page",
        needs=("drafted",),
        who=OWNER,
    ),
    PageRow("upload", "tenant", "/files/upload", "upload-page", who=OWNER, status=302),
    PageRow("trash-files", "tenant", "/files/trash", "trash-selection-page", who=OWNER, status=302),
    PageRow("move", "tenant", "/files/move", "move-page", who=OWNER, status=302),
    PageRow("archive", "tenant", "/files/archive", "archive-page", who=OWNER, status=302),
    PageRow("restore", "tenant", "/trash/restore", "restore-page", who=OWNER, status=302),
    PageRow("purge", "tenant", "/trash/purge", "purge-page", who=OWNER, status=302),
    PageRow("trash", "tenant", "/trash", "trash-page", needs=("trashed",), who=OWNER),
    PageRow("trash-empty", "tenant", "/trash", "trash-page", who=MEMBER),
    PageRow("trash-question", "tenant", "/trash/empty", "empty-trash-page", who=OWNER),
]
LINKS = [
    PageRow(
        "share-password", "tenant", "/s/{share_with_password}", "share-page", checks_csrf=False
    ),
    PageRow(
        "links",
        "tenant",
        "/links",
        "links",
        who=OWNER,
        parameters=("cursor", "limit", "created", "link"),
        needs=("share_with_password", "share"),
    ),
    PageRow("link-revoke", "tenant", "/links/{share}/revoke", "link-revoke", who=OWNER),
    PageRow("file-share", "tenant", "/files/{file}/share", "file-share", who=OWNER),
    PageRow(
        "share",
        "tenant",
        "/s/{share_token}",
        "share-page",
        parameters=("download",),
        checks_csrf=False,
    ),
    PageRow("share-wrong", "tenant", "/s/{share_with_password}", "share-page", then=submit),
    PageRow("share-unknown", "tenant", "/s/unknown", "share-page", status=404, checks_csrf=False),
]
