"""A picture from outside: found out by its bytes, and copied without what is no picture.

The pixels are not decoded. The copy has no metadata and no bytes after the end of the picture, so
another format that was hidden there is gone.
"""

from core.images import jpeg, png
from core.images.image import Image, InvalidImageError
from core.images.jpeg import clean_jpeg
from core.images.png import clean_png
from core.images.webp import clean_webp, is_webp


def clean_image(data: bytes) -> Image:
    """Return the picture of a PNG, JPEG or WebP file.

    Raises: InvalidImageError for every other content, and for an incomplete picture.
    """
    if data.startswith(png.SIGNATURE):
        return clean_png(data)
    if data.startswith(jpeg.SIGNATURE):
        return clean_jpeg(data)
    if is_webp(data):
        return clean_webp(data)
    raise InvalidImageError("This is no PNG, JPEG or WebP file.")
