"""Serializer fields of requests check the length first, and are strict."""

from typing import Any

import pytest
from rest_framework import serializers

from core.api.serializers import (
    IntegerField,
    ListField,
    MediaTypeField,
    NameField,
    RegexField,
    StrictSerializer,
    TextField,
    TimestampField,
)
from files.api.uploads import CompleteUploadSerializer, PartNumbersSerializer

NOT_INTEGERS = [
    "1_0",
    "\u0661\u0660",
    "\uff11",
    " 1",
    "+1",
    "1.0",
    1.5,
    True,
    None,
    [],
    {},
    "1" * 99,
]
NOT_INSTANTS = ["2026-11-22", "2026-W47-7", "2026-11-22T03:04:05", 1, None, [], {}]


class Counting(IntegerField):
    """A validator that counts its calls."""

    asked = 0

    def run_validation(self, data: Any = None) -> Any:
        """Count, and validate."""
        Counting.asked += 1
        return super().run_validation(data)


def refusal(field: serializers.Field, data: Any) -> str:
    """Return the error code of a field for a value."""
    with pytest.raises(serializers.ValidationError) as exc:
        field.run_validation(data)
    return exc.value.get_codes()[0]


@pytest.mark.parametrize("data", NOT_INTEGERS, ids=lambda data: repr(data)[:20])
def test_integer_in_other_notation_is_refused(data: Any):
    with pytest.raises(serializers.ValidationError):
        IntegerField().run_validation(data)


@pytest.mark.parametrize("data", [10, "10", 10.0])
def test_integer_of_json_or_ascii_digits_is_accepted(data: Any):
    assert IntegerField().run_validation(data) == 10


@pytest.mark.parametrize("data", NOT_INSTANTS, ids=repr)
def test_time_without_offset_is_refused(data: Any):
    with pytest.raises(serializers.ValidationError):
        TimestampField().run_validation(data)


def test_timestamp_in_lower_case_is_accepted():
    moment = TimestampField().run_validation("2026-11-22t03:04:05z")

    assert moment.isoformat() == "2026-11-22T03:04:05+00:00"


def test_media_type_with_non_ascii_is_refused():
    assert refusal(MediaTypeField(), "тест/plain") == "invalid_media_type"
    assert MediaTypeField().run_validation("text/plain; q=1") == "text/plain; q=1"


def test_long_text_is_refused_before_validators():
    seen = []
    field = TextField(max_length=10, validators=[seen.append])

    for text in ("x" * 11, "x" * 41, " " * 1_000_000):
        assert refusal(field, text) == "max_length"
    assert field.run_validation(" " * 15 + "x" * 10) == "x" * 10
    assert seen == ["x" * 10]


def test_long_text_is_refused_before_pattern():
    assert refusal(RegexField(r"^(a|a)*$", max_length=10), "a" * 11) == "max_length"


def test_name_is_composed_and_validated():
    field = NameField(max_length=3)

    assert field.run_validation("Zoe\u0308") == "Zo\u00eb"
    assert refusal(field, "Zoe\u0308e") == "max_length"
    assert refusal(field, "a\u202eb") == "direction_character"
    assert refusal(field, "a\0b") == "null_characters_not_allowed"


def test_long_list_is_refused_before_its_elements():
    Counting.asked = 0
    field = ListField(child=Counting(), max_length=2)

    assert refusal(field, ["x"] * 3) == "max_length"
    assert Counting.asked == 0
    assert field.run_validation([1, 2]) == [1, 2]


@pytest.mark.parametrize(
    ("serializer", "data"),
    [
        (CompleteUploadSerializer, {"parts": [{"number": "x"}] * 10_001}),
        (PartNumbersSerializer, {"numbers": ["x"] * 1001}),
    ],
)
def test_long_list_of_upload_parts_is_one_error(serializer: Any, data: dict[str, Any]):
    form = serializer(data=data)

    assert not form.is_valid()
    assert len(str(form.errors)) < 300


def test_unknown_fields_are_listed_up_to_maximum():
    form = StrictSerializer(data={f"field-{number}": 1 for number in range(50_000)})

    assert not form.is_valid()
    assert len(form.errors) == 101
