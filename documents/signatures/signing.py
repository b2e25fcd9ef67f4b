"""Done apart: puts the organisation's signature into a PDF, as an increment behind everything that is there."""

from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import aiohttp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError
from pyhanko.stamp import StaticStampStyle

from core.errors import InvalidInput
from documents.sheets import typeset
from documents.signatures.checking import OTHERS, look, opened, signatures_of

WAIT = 10  # seconds for the time-stamp server
WIDTH, HEIGHT, MARGIN = 198, 62, 28  # points of the visible seal, and from the page's edge
TEMPLATE = Path(__file__).with_name("seal.typ")


def run(order: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Sign `in.pdf` into `out.pdf`; earlier signatures are worth afterwards what they were before, or it is refused.

    `order`: `key_file`, `password`, `timestamps`, `reason`, `location`, `now`, `visible` (the lines of a seal that can
    be seen, or None). Raises `InvalidInput`; with `away` in its details where the time-stamp server is the trouble.
    """
    now = datetime.fromisoformat(order["now"])
    with (folder / "in.pdf").open("rb") as source:
        reader = opened(source)
        if reader.encrypted:
            raise InvalidInput("The PDF is encrypted. Seal a version without a password.")
        before = [look(each, [], now) for each in signatures_of(reader)]
    name = _free_name({each["field"] for each in before})
    _sign(order, folder, name, timestamper=_timestamper(order["timestamps"]))
    with (folder / "out.pdf").open("rb") as result:
        after = [look(each, [], now) for each in signatures_of(opened(result))]
    _compare(before, after, name)
    own = next(each for each in after if each["field"] == name)
    return {"signature": own, "earlier": len(before)}


def _timestamper(address: str) -> HTTPTimeStamper | None:
    return HTTPTimeStamper(address, timeout=WAIT) if address else None


def _free_name(taken: set[str]) -> str:
    number = 1
    while f"Seal{number}" in taken:
        number += 1
    return f"Seal{number}"


def _sign(order: dict[str, Any], folder: Path, name: str, *, timestamper: HTTPTimeStamper | None) -> None:
    signer = signers.SimpleSigner.load_pkcs12_data(
        Path(order["key_file"]).read_bytes(), other_certs=(), passphrase=order["password"].encode() or None
    )
    meta = signers.PdfSignatureMetadata(
        field_name=name,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        reason=order["reason"] or None,
        location=order["location"] or None,
        signer_key_usage=set(),  # the file is the administrator's choice
    )
    try:
        with (folder / "in.pdf").open("rb") as source, (folder / "out.pdf").open("w+b") as target:
            writer = IncrementalPdfFileWriter(source, strict=False)
            where = fields.SigFieldSpec(name, on_page=-1, box=_box(writer.prev) if order["visible"] else None)
            style = _appearance(order["visible"], folder) if order["visible"] else None
            machine = signers.PdfSigner(
                meta, signer=signer, timestamper=timestamper, stamp_style=style, new_field_spec=where
            )
            machine.sign_pdf(writer, output=target)
            _require_increment(source, target)
    except SigningError as error:
        raise InvalidInput(f"The PDF cannot be sealed: {error}.") from error
    except PdfError as error:
        raise InvalidInput("The PDF is broken: it cannot be continued.") from error
    except (TimestampRequestError, aiohttp.ClientError, TimeoutError, OSError) as error:
        sentence = "The time-stamp server (OBIEG_SEAL_TIMESTAMPS) gave no time stamp; nothing was sealed."
        raise InvalidInput(sentence, away=True) from error


def _require_increment(source: BinaryIO, target: BinaryIO) -> None:
    """Raise `InvalidInput` unless the result begins with all that was there."""
    source.seek(0)
    target.seek(0)
    while piece := source.read(1 << 20):
        if target.read(len(piece)) != piece:
            raise InvalidInput("The PDF could not be sealed without changing what is there; nothing was sealed.")


def _compare(before: list[dict[str, Any]], after: list[dict[str, Any]], name: str) -> None:
    """Raise `InvalidInput` when a signature that was there lost something by ours, or ours is not right."""
    found = {each["field"]: each for each in after}
    for each in before:
        now = found.get(each["field"], {})
        harmed = each["changes"] != OTHERS and now.get("changes") == OTHERS
        if now.get("integrity") != each["integrity"] or harmed:
            raise InvalidInput(
                f"The signature of {each.get('signer', 'somebody')} does not allow that anything follows it, so a seal "
                "would make it worthless. Seal a package that contains this document instead."
            )
    if found[name]["integrity"] != "intact" or not found[name]["covers_all"]:
        raise InvalidInput("The seal could not be verified after it was made; nothing was sealed.")


def _box(reader: PdfFileReader) -> tuple[int, int, int, int]:
    """The lower right corner of the last page."""
    page = reader.root["/Pages"]
    box = page.get("/MediaBox")
    while "/Kids" in page and len(page["/Kids"]):
        page = page["/Kids"][-1]
        box = page.get("/CropBox", page.get("/MediaBox", box))
    left, bottom, right, top = (float(each) for each in box) if box else (0.0, 0.0, 595.0, 842.0)
    right, bottom = max(left, right), min(bottom, top)
    start = max(int(min(left, right)), int(right) - MARGIN - WIDTH)
    return start, int(bottom) + MARGIN, start + WIDTH, int(bottom) + MARGIN + HEIGHT


def _appearance(lines: dict[str, Any], folder: Path) -> StaticStampStyle:
    drawn = folder / "seal.pdf"
    drawn.write_bytes(typeset(TEMPLATE, lines, folder))
    return StaticStampStyle.from_pdf_file(str(drawn), border_width=0)
