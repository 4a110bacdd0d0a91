"""Routes of files on a tenant's host and on api."""

from django.urls import path

from files.api import download, files

urlpatterns = [
    path("api/files", files.Files.as_view(), name="files"),
    path("api/files/<uuid:file_id>", files.OneFile.as_view(), name="file"),
    path("api/files/<uuid:file_id>/download", download.Download.as_view(), name="file-download"),
    path("api/files/<uuid:file_id>/content", download.Content.as_view(), name="file-content"),
]
