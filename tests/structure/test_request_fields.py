"""Every field of every request is bounded and strict, and text is normalised in one place."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.conf import settings
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from rest_framework import serializers

from core.api import serializers as strict
from tests.structure.test_imports import PACKAGES, ROOT

LENIENT = (serializers.IntegerField, serializers.DateTimeField)
STRICT = (strict.IntegerField, strict.TimestampField)


@pytest.fixture(scope="module")
def request_fields() -> dict[str, serializers.Field]:
    """Return every request field of every route, by its place, as OpenAPI finds them."""
    found: dict[str, serializers.Field] = {}
    mapped = AutoSchema._map_serializer
    resolved = AutoSchema.resolve_serializer

    def note(serializer: Any, direction: str) -> None:
        if direction == "request":
            instance = force_instance(serializer)
            found.update(fields_of(instance, type(instance).__name__))

    def noting_map(self, serializer, direction, *args, **options):
        note(serializer, direction)
        return mapped(self, serializer, direction, *args, **options)

    def noting_resolve(self, serializer, direction, *args, **options):
        note(serializer, direction)
        return resolved(self, serializer, direction, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AutoSchema, "_map_serializer", noting_map)
        patch.setattr(AutoSchema, "resolve_serializer", noting_resolve)
        for urlconf in settings.SITE_URLCONFS.values():
            SchemaGenerator(urlconf=urlconf).get_schema(request=None, public=True)
    return found


def fields_of(field: Any, place: str) -> Iterator[tuple[str, serializers.Field]]:
    """Yield a field and all writable fields below it."""
    if getattr(field, "read_only", False):
        return
    yield place, field
    if isinstance(field, serializers.ListSerializer | serializers.ListField):
        yield from fields_of(field.child, f"{place}[]")
    elif isinstance(field, serializers.DictField):
        yield from fields_of(field.child, f"{place}{{}}")
    elif isinstance(field, serializers.BaseSerializer):
        for name, child in getattr(field, "fields", {}).items():
            yield from fields_of(child, f"{place}.{name}")


def is_unbounded(field: serializers.Field) -> bool:
    """Tell whether a text or a list has no check of its length before other checks."""
    if isinstance(field, serializers.CharField):
        return not (isinstance(field, strict.BoundedTextMixin) and field.max_length)
    if isinstance(field, serializers.ListField):
        return not isinstance(field, strict.ListField)
    if isinstance(field, serializers.ListSerializer):
        return not field.max_length
    return isinstance(field, serializers.DictField | serializers.JSONField)


def test_every_request_text_and_list_has_a_maximum(request_fields):
    assert {
        "CreateUploadSerializer.name",
        "PartNumbersSerializer.numbers[]",
        "LoginSerializer.email",
    } <= set(request_fields)
    assert {place for place, field in request_fields.items() if is_unbounded(field)} == set()


def test_request_numbers_and_times_are_strict(request_fields):
    lenient = {
        place
        for place, field in request_fields.items()
        if isinstance(field, LENIENT) and not isinstance(field, STRICT)
    }
    others = (serializers.FloatField, serializers.DecimalField, serializers.DateField)

    assert lenient == set()
    assert {p for p, field in request_fields.items() if isinstance(field, others)} == set()


def test_every_form_text_has_a_maximum():
    for urlconf in settings.SITE_URLCONFS.values():
        import_module(urlconf)
    pending, unlimited = [forms.BaseForm], set()
    while pending:
        form = pending.pop()
        pending.extend(form.__subclasses__())
        if form.__module__.partition(".")[0] in PACKAGES:
            unlimited |= {
                f"{form.__name__}.{name}"
                for name, field in form.base_fields.items()
                if isinstance(field, forms.CharField)
                and not field.max_length
                and not is_django_field(form, name)
            }

    assert unlimited == set()


def is_django_field(form: type[forms.BaseForm], name: str) -> bool:
    """Tell whether a field is one of Django's own; core/crypto/passwords.py bounds those."""
    return any(
        name in getattr(base, "base_fields", {})
        for base in form.__mro__
        if base.__module__.startswith("django.")
    )


def test_text_is_normalised_in_one_module():
    callers = set()
    for package in PACKAGES:
        for path in Path(ROOT, package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and ast.unparse(node) == "unicodedata.normalize":
                    callers.add(str(path.relative_to(ROOT)))
                if isinstance(node, ast.ImportFrom) and node.module == "unicodedata":
                    callers.add(str(path.relative_to(ROOT)))

    assert callers == {"core/text/normalization.py"}


def test_every_query_text_has_a_maximum():
    unlimited = set()
    for urlconf in settings.SITE_URLCONFS.values():
        paths = SchemaGenerator(urlconf=urlconf).get_schema(request=None, public=True)["paths"]
        for path, operations in paths.items():
            for method, operation in operations.items():
                unlimited |= {
                    f"{method} {path}?{parameter['name']}"
                    for parameter in operation.get("parameters", [])
                    if parameter["in"] == "query" and is_unlimited(parameter["schema"])
                }

    assert unlimited == set()


def is_unlimited(schema: dict[str, Any]) -> bool:
    """Tell whether a schema describes a text without a bound."""
    bounded = {"maxLength", "enum", "format", "$ref"} & schema.keys()
    return schema.get("type") == "string" and not bounded


def test_commands_and_patterns_accept_ascii_digits_only():
    lenient = set()
    for package in PACKAGES - {"devstack"}:
        for path in Path(ROOT, package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            place = str(path.relative_to(ROOT))
            if re.search(r"type=(int|float)\b", text):
                lenient.add(place)
            lenient |= {f"{place}: {call}" for call in unicode_patterns(text)}

    assert lenient == set()


def unicode_patterns(source: str) -> Iterator[str]:
    """Yield the calls of ``re`` whose pattern has ``\\d`` and no ``re.ASCII``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re."):
            call = ast.unparse(node)
            if "\\d" in call and "re.ASCII" not in call:
                yield call
