"""Pictures from outside: which are read, and what is left of them."""

import random

import pytest

from core.images.cleaning import clean_image
from core.images.image import InvalidImageError
from tests.support.pictures import (
    JPEG,
    PNG_SIGNATURE,
    SECRET,
    WEBP,
    chunk,
    huge_png,
    png,
    with_exif_jpeg,
    with_exif_webp,
)

PICTURES = {"image/png": png(), "image/jpeg": JPEG, "image/webp": WEBP}
ZIP = b"PK\x03\x04" + bytes(30) + SECRET
TEXT = chunk(b"tEXt", b"Comment\0" + SECRET)
WITH_METADATA = {
    "png text": png(8, 6, TEXT),
    "png exif": png(8, 6, chunk(b"eXIf", SECRET)),
    "png compressed profile": png(8, 6, chunk(b"iCCP", b"x\0\0" + SECRET)),
    "jpeg": with_exif_jpeg(),
    "webp": with_exif_webp(),
    **{f"zip after {kind}": data + ZIP for kind, data in PICTURES.items()},
    **{f"html after {kind}": data + b"<script>" + SECRET for kind, data in PICTURES.items()},
}
ANIMATED = b"ANIM" + bytes([6, 0, 0, 0]) + bytes(6)
INVALID = {
    "nothing": b"",
    "text": b"logo",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "svg with a declaration": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "gif": b"GIF89a" + bytes(40),
    "html that begins like a picture": PNG_SIGNATURE + b"<script>alert(1)</script>",
    "html first": b"<!doctype html>" + png(),
    "signature of png alone": PNG_SIGNATURE,
    "signature of jpeg alone": JPEG[:2],
    "jpeg without a picture": JPEG[:2] + b"\xff\xd9",
    "jpeg without a scan": JPEG[: JPEG.index(b"\xff\xda")] + b"\xff\xd9",
    "two frames": JPEG[:2] + b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x00\x00\x00" + JPEG[2:],
    "png without a picture": PNG_SIGNATURE + chunk(b"IHDR", bytes(13)) + chunk(b"IEND", b""),
    "png with two headers": png(8, 6, chunk(b"IHDR", bytes(13))),
    "png with a short header": PNG_SIGNATURE + chunk(b"IHDR", b"x") + png()[33:],
    "png with an unknown critical chunk": png(8, 6, chunk(b"ABCD", b"")),
    "png with a wrong checksum": png()[:30] + b"\0" + png()[31:],
    "animated webp": WEBP[:4] + (len(WEBP) + 6).to_bytes(4, "little") + WEBP[8:] + ANIMATED,
    "webp that claims more": WEBP[:4] + b"\xff\xff\xff\x00" + WEBP[8:],
    "webp without a picture": b"RIFF\x04\x00\x00\x00WEBP",
    "wav": b"RIFF" + bytes(4) + b"WAVE" + bytes(40),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_picture_is_read_with_its_type_and_size(kind: str):
    image = clean_image(PICTURES[kind])

    assert (image.content_type, image.width, image.height) == (kind, 8, 6)
    assert clean_image(image.data) == image


@pytest.mark.parametrize("name", WITH_METADATA)
def test_metadata_and_what_follows_the_picture_are_removed(name: str):
    data = WITH_METADATA[name]

    image = clean_image(data)

    assert SECRET in data
    assert SECRET not in image.data
    assert len(image.data) < len(data)


def test_profile_of_a_browser_is_removed():
    assert all(b"Google" in data.replace(b"\0", b"") for data in (JPEG, WEBP))
    assert not any(b"Google" in clean_image(x).data.replace(b"\0", b"") for x in (JPEG, WEBP))


@pytest.mark.parametrize("name", INVALID)
def test_other_content_is_refused(name: str):
    with pytest.raises(InvalidImageError):
        clean_image(INVALID[name])


@pytest.mark.parametrize("kind", PICTURES)
def test_truncated_picture_is_refused_at_every_length(kind: str):
    data = clean_image(PICTURES[kind]).data

    for length in range(len(data)):
        with pytest.raises(InvalidImageError):
            clean_image(data[:length])


@pytest.mark.parametrize("kind", PICTURES)
def test_changed_bytes_never_raise_another_error(kind: str):
    data, chance = PICTURES[kind], random.Random(7)
    for _ in range(3000):
        changed = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(2, len(data))] = chance.randrange(256)
        try:
            image = clean_image(bytes(changed))
        except InvalidImageError:
            continue
        assert len(image.data) <= len(data) + 16


def test_claimed_size_is_told_without_decoding():
    image = clean_image(huge_png())

    assert (image.width, image.height) == (60_000, 60_000)


@pytest.mark.parametrize("tail", [b"\xff" * 900_000, b"\xff\x00" * 450_000, b"\xff\xd0" * 450_000])
def test_long_scan_is_read_in_one_pass(tail: bytes):
    scan = JPEG.index(b"\xff\xda")

    with pytest.raises(InvalidImageError):
        clean_image(JPEG[: scan + 14] + tail)
