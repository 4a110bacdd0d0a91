"""Routes of files on a tenant's host and on api."""

from django.urls import path

from files.api import downloads, files, shares, trash, uploads, versions

urlpatterns = [
    path("api/files", files.Files.as_view(), name="files"),
    path("api/files/<id:file_id>", files.OneFile.as_view(), name="file"),
    path("api/files/<id:file_id>/download", downloads.Download.as_view(), name="file-download"),
    path("api/files/<id:file_id>/content", downloads.Content.as_view(), name="file-content"),
    path("api/files/<id:file_id>/versions", versions.Versions.as_view(), name="file-versions"),
    path(
        "api/files/<id:file_id>/versions/<int:version>/restore",
        versions.VersionRestoring.as_view(),
        name="file-version-restore",
    ),
    path("api/trash", trash.Trash.as_view(), name="trash"),
    path("api/trash/<id:trashed_id>", trash.OneTrashed.as_view(), name="trashed"),
    path(
        "api/trash/<id:trashed_id>/restore",
        trash.TrashedRestoring.as_view(),
        name="trashed-restore",
    ),
    path("api/files/<id:file_id>/shares", shares.FileShares.as_view(), name="file-shares"),
    path("api/shares", shares.Shares.as_view(), name="shares"),
    path("api/shares/<id:share_id>", shares.OneShare.as_view(), name="share"),
    path("api/uploads", uploads.Uploads.as_view(), name="uploads"),
    path("api/uploads/<id:upload_id>", uploads.OneUpload.as_view(), name="upload"),
    path("api/uploads/<id:upload_id>/parts", uploads.UploadParts.as_view(), name="upload-parts"),
    path(
        "api/uploads/<id:upload_id>/complete",
        uploads.UploadCompletion.as_view(),
        name="upload-complete",
    ),
]
