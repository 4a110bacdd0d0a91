"""The OpenAPI schema of files."""

from drf_spectacular.drainage import GENERATOR_STATS, reset_generator_stats
from drf_spectacular.generators import SchemaGenerator

from tests.support.factories import Agency


def test_openapi_schema_has_no_warnings():
    reset_generator_stats()

    paths = SchemaGenerator(urlconf="files.urls").get_schema(public=True)["paths"]

    noted = {**GENERATOR_STATS._warn_cache, **GENERATOR_STATS._error_cache}
    operations = {op["operationId"] for path in paths.values() for op in path.values()}
    assert noted == {}
    assert operations == {
        "list_files",
        "add_file",
        "read_file",
        "rename_file",
        "delete_file",
        "download_archive",
        "read_workspace_usage",
        "set_logo",
        "remove_logo",
        "download_file",
        "read_file_content",
        "list_versions",
        "restore_version",
        "list_trash",
        "restore_file",
        "purge_file",
        "list_uploads",
        "begin_upload",
        "read_upload",
        "abort_upload",
        "sign_parts",
        "complete_upload",
        "share_file",
        "list_file_shares",
        "list_shares",
        "read_share",
        "revoke_share",
    }
    form = paths["/api/files"]["post"]["requestBody"]["content"]
    assert list(form) == ["multipart/form-data"]


def test_openapi_schema_describes_binary_content(acme: Agency):
    document = acme.host.get("/api/schema").json()

    field = document["components"]["schemas"]["AddFile"]["properties"]["file"]
    assert (field["type"], field["format"]) == ("string", "binary")
    assert field["contentMediaType"] == "application/octet-stream"
    responses = document["paths"]["/api/files/{file_id}/content"]["get"]["responses"]
    for status in ("200", "206"):
        assert responses[status]["content"]["*/*"]["schema"] == {
            "type": "string",
            "format": "binary",
        }


def test_openapi_schema_of_a_tenant_contains_files(acme: Agency):
    document = acme.host.get("/api/schema").json()

    assert "/api/files/{file_id}/download" in document["paths"]
