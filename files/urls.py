"""Routes of files on a tenant's host and on api."""

from django.urls import path

from files.api import download, files, uploads

urlpatterns = [
    path("api/files", files.Files.as_view(), name="files"),
    path("api/files/<uuid:file_id>", files.OneFile.as_view(), name="file"),
    path("api/files/<uuid:file_id>/download", download.Download.as_view(), name="file-download"),
    path("api/files/<uuid:file_id>/content", download.Content.as_view(), name="file-content"),
    path("api/uploads", uploads.Uploads.as_view(), name="uploads"),
    path("api/uploads/<uuid:upload_id>", uploads.OneUpload.as_view(), name="upload"),
    path("api/uploads/<uuid:upload_id>/parts", uploads.UploadParts.as_view(), name="upload-parts"),
    path(
        "api/uploads/<uuid:upload_id>/complete",
        uploads.UploadCompletion.as_view(),
        name="upload-complete",
    ),
]
