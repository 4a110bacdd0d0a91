"""OpenAPI 3.1: every operation tells that it can answer with a problem."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from core.api.filters import MAX_SEARCH_LENGTH

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


def search_parameter(description: str) -> OpenApiParameter:
    """Return the parameter ``search`` of a list (core/api/filters.py)."""
    schema = {"type": "string", "maxLength": MAX_SEARCH_LENGTH}
    return OpenApiParameter("search", schema, description=description)


def ordering_parameter(names: Sequence[str]) -> OpenApiParameter:
    """Return the parameter ``ordering`` of a list that can be ordered by these columns."""
    return OpenApiParameter(
        "ordering",
        str,
        enum=[sign + name for name in names for sign in ("", "-")],
        description="`-` in front reverses. Newest first without it.",
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
    """Link each 201 to the operations on what was created (OpenAPI 3.1, Link Object).

    A drf-spectacular hook. ``POST /api/things`` answers with an ``id``, which is what the one
    parameter of ``/api/things/{thing_id}…`` takes.
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
