"""Pictures: small ones of files and pages."""

import io
import warnings
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from documents.content.limits import Limits
from documents.content.reading.found import File, Found, Unreadable

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")
QUALITY = 80


def read(file: File) -> Found:
    """Nothing but the wish to have its text recognised, where it is a picture that can be opened."""
    picture = opened(file)
    return Found(pages=getattr(picture, "n_frames", 1), wants_ocr=True, library="Pillow")


def opened(file: File) -> Image.Image:
    """The picture, not yet unpacked. Raises `Unreadable`, also for one with more pixels than may be."""
    Image.MAX_IMAGE_PIXELS = None  # the size is looked at here, before anything is unpacked
    file.source.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(file.source, formats=FORMATS)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise Unreadable("the picture is damaged, or of a kind that is not known here") from error
    refuse_large(picture.size, file.limits)
    return picture


def refuse_large(size: tuple[int, int], limits: Limits) -> None:
    """Raise `Unreadable` for more pixels than memory has room for."""
    if size[0] * size[1] > limits.pixels:
        raise Unreadable(
            f"the picture has {size[0]} × {size[1]} pixels, more than the {limits.pixels // 1_000_000} million allowed"
        )


def small(file: File, width: int, height: int, *, page: int = 1) -> Image.Image:
    """The picture, upright, so that it fits into so many pixels; `page` chooses one of a scan of several."""
    picture = opened(file)
    try:
        if page != 1:
            if not 1 <= page <= getattr(picture, "n_frames", 1):
                raise Unreadable(f"there is no page {page}")
            picture.seek(page - 1)
            refuse_large(picture.size, file.limits)
        picture.draft("RGB", (width, height))  # a JPEG is unpacked no larger than it is needed
        turned = ImageOps.exif_transpose(picture)
        turned.thumbnail((width, height))
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise Unreadable("the picture is damaged") from error
    return turned


def packed(picture: Any) -> bytes:
    """The picture as a JPEG on white."""
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        shown = picture.convert("RGBA")
        ground = Image.new("RGB", shown.size, "white")
        ground.paste(shown, mask=shown.getchannel("A"))
        picture = ground
    result = io.BytesIO()
    picture.convert("RGB").save(result, "JPEG", quality=QUALITY, optimize=True)
    return result.getvalue()
