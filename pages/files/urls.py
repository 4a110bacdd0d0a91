"""Routes of the pages of files, on tenants' hosts."""

from django.urls import path

from pages.files.detail import download_page, file_page, preview_page, restore_version_page
from pages.files.listing import files_page
from pages.files.rename import rename_file_page, rename_folder_page
from pages.files.selection import archive_page, move_page, trash_selection_page
from pages.files.trash import empty_trash_page, purge_page, restore_page, trash_page
from pages.files.uploads import upload_page

urlpatterns = [
    path("files", files_page, name="files-page"),
    path("files/upload", upload_page, name="upload-page"),
    path("files/trash", trash_selection_page, name="trash-selection-page"),
    path("files/move", move_page, name="move-page"),
    path("files/archive", archive_page, name="archive-page"),
    path("files/folder/rename", rename_folder_page, name="rename-folder-page"),
    path("files/<id:file_id>", file_page, name="file-page"),
    path("files/<id:file_id>/preview", preview_page, name="preview-page"),
    path("files/<id:file_id>/download", download_page, name="download-page"),
    path("files/<id:file_id>/rename", rename_file_page, name="rename-file-page"),
    path(
        "files/<id:file_id>/versions/<int:version>/restore",
        restore_version_page,
        name="restore-version-page",
    ),
    path("trash", trash_page, name="trash-page"),
    path("trash/restore", restore_page, name="restore-page"),
    path("trash/purge", purge_page, name="purge-page"),
    path("trash/empty", empty_trash_page, name="empty-trash-page"),
]
