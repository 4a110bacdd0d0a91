"""OpenAPI 3.1: common parameters, the problem response of every operation, and links."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag that the resource must still have; 412 otherwise.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag that is known already; 304 if the resource still has it.",
)


class FieldErrorSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    request_id = serializers.CharField()
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment]


class ProblemAutoSchema(AutoSchema):
    """Adds ``default: application/problem+json`` to each operation."""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        component = self.resolve_serializer(ProblemSerializer(), "response")
        bodies["default"] = {
            "description": "A problem (RFC 9457).",
            "content": {"application/problem+json": {"schema": component.ref}},
        }
        return bodies


def link_created_resources(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Link each 201 to the operations on the new resource (OpenAPI 3.1, Link Object).

    A drf-spectacular hook. ``POST /api/things`` returns an ``id``, which is the only parameter of
    ``/api/things/{thing_id}…``.
    """
    for collection, methods in result["paths"].items():
        created = methods.get("post", {}).get("responses", {}).get("201")
        if created is not None and (links := _links(result["paths"], f"{collection}/{{")):
            created["links"] = links
    return result


def _links(paths: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        operation["operationId"]: {
            "operationId": operation["operationId"],
            "parameters": {path.partition("{")[2].partition("}")[0]: "$response.body#/id"},
        }
        for path, methods in paths.items()
        if path.startswith(prefix) and path.count("{") == 1
        for operation in methods.values()
    }
