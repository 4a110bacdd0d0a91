"""Routes of files on a tenant's host and on api."""

from django.urls import path

from files.api import archives, downloads, files, logo, shares, trash, uploads, usage, versions

urlpatterns = [
    path("api/files", files.FileListView.as_view(), name="files"),
    path("api/files/archive", archives.ArchiveView.as_view(), name="file-archive"),
    path("api/files/<id:file_id>", files.FileDetailView.as_view(), name="file"),
    path(
        "api/files/<id:file_id>/download",
        downloads.FileDownloadView.as_view(),
        name="file-download",
    ),
    path(
        "api/files/<id:file_id>/content", downloads.FileContentView.as_view(), name="file-content"
    ),
    path(
        "api/files/<id:file_id>/versions", versions.VersionListView.as_view(), name="file-versions"
    ),
    path(
        "api/files/<id:file_id>/versions/<int:version>/restore",
        versions.VersionRestoreView.as_view(),
        name="file-version-restore",
    ),
    path("api/tenant/logo", logo.LogoView.as_view(), name="own-logo"),
    path("api/tenant/usage", usage.WorkspaceUsageView.as_view(), name="own-usage"),
    path("api/trash", trash.TrashListView.as_view(), name="trash"),
    path("api/trash/<id:trashed_id>", trash.TrashedFileView.as_view(), name="trashed"),
    path(
        "api/trash/<id:trashed_id>/restore",
        trash.TrashedFileRestoreView.as_view(),
        name="trashed-restore",
    ),
    path("api/files/<id:file_id>/shares", shares.FileShareListView.as_view(), name="file-shares"),
    path("api/shares", shares.ShareListView.as_view(), name="shares"),
    path("api/shares/<id:share_id>", shares.ShareDetailView.as_view(), name="share"),
    path("api/uploads", uploads.UploadListView.as_view(), name="uploads"),
    path("api/uploads/<id:upload_id>", uploads.UploadDetailView.as_view(), name="upload"),
    path(
        "api/uploads/<id:upload_id>/parts", uploads.UploadPartsView.as_view(), name="upload-parts"
    ),
    path(
        "api/uploads/<id:upload_id>/complete",
        uploads.UploadCompleteView.as_view(),
        name="upload-complete",
    ),
]
