"""Files that tests of reading make: good ones of every kind, and hostile ones."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from docx import Document
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def pdf(*pages: str) -> bytes:
    """One line of text a page."""
    result = io.BytesIO()
    canvas = Canvas(result, invariant=1)
    for page in pages or ("Hello",):
        for number, line in enumerate(page.splitlines()):
            canvas.drawString(72, 770 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    return result.getvalue()


def scan(text: str = "OBIEG 2026") -> Image.Image:
    """The picture of a page with large letters."""
    picture = Image.new("L", (1240, 500), "white")
    ImageDraw.Draw(picture).text((80, 150), text, fill="black", font=ImageFont.load_default(120))
    return picture


def scanned_pdf(text: str = "OBIEG 2026") -> bytes:
    """A PDF of one picture, without any text."""
    result = io.BytesIO()
    canvas = Canvas(result, pagesize=(620, 250), invariant=1)
    canvas.drawImage(ImageReader(scan(text)), 0, 0, 620, 250)
    canvas.showPage()
    canvas.save()
    return result.getvalue()


def picture(width: int = 400, height: int = 300, kind: str = "PNG", mode: str = "RGB") -> bytes:
    result = io.BytesIO()
    Image.new(mode, (width, height), "teal" if mode == "RGB" else None).save(result, kind)
    return result.getvalue()


def word(*paragraphs: str) -> bytes:
    document = Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "a cell", "and the next"
    document.sections[0].header.paragraphs[0].text = "in the header"
    result = io.BytesIO()
    document.save(result)
    return result.getvalue()


def replaced(archive: bytes, parts: Mapping[str, bytes]) -> bytes:
    """An archive with other content in some of its parts, or with more parts."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for each in source.infolist():
            if each.filename not in parts:
                target.writestr(each, source.read(each))
        for name, content in parts.items():
            target.writestr(name, content)
    return result.getvalue()


def zipped(parts: Mapping[str, bytes]) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            plain = name == "mimetype"  # stands first and unpacked, or nobody knows the type
            target.writestr(name, content, zipfile.ZIP_STORED if plain else None)
    return result.getvalue()


def workbook(rows: str = "", **parts: bytes) -> bytes:
    """An XLSX of one sheet; `rows` is the XML inside `sheetData`."""
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
    )
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>Ilość</t></is></c><c r="B1"><v>12.5</v></c></row>'
    whole = {
        "[Content_Types].xml": types,
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
        f'Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{relation}"><sheets>'
        '<sheet name="Prices" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
        f'Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{SHEET}"><sheetData>{rows or cell}</sheetData></worksheet>',
    }
    return zipped({name: text.encode() for name, text in whole.items()} | parts)


def open_document(kind: str, body: str) -> bytes:
    content = (
        f'<office:document-content xmlns:office="{OFFICE}" xmlns:table="{TABLE}" xmlns:text="{TEXT}">'
        f"<office:body>{body}</office:body></office:document-content>"
    )
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}".encode(),
            "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{manifest}"/>'.encode(),
            "content.xml": content.encode(),
        }
    )


def letter(body: str = "Please find the offer.", *, html: str | None = None, attachment: bytes | None = b"x") -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "Łucja <lucja@example.com>", "sales@example.com"
    message["Subject"], message["Date"] = "Oferta żółta", "Mon, 05 Jan 2026 08:00:00 +0100"
    message.set_content(body)
    if html is not None:
        message.set_content(html, subtype="html")
    if attachment is not None:
        message.add_attachment(attachment, maintype="application", subtype="pdf", filename="offer.pdf")
    return message.as_bytes()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is enormous."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def raw_pdf(*objects: str, root: int = 1) -> bytes:
    """A PDF of these objects, numbered from 1, with a table of where they are."""
    result = b"%PDF-1.7\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(result))
        result += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    start = len(result)
    result += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    result += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    return result + f"trailer\n<</Size {len(objects) + 1}/Root {root} 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()


def stream(content: str, **entries: Any) -> str:
    described = "".join(f"/{name} {value}" for name, value in entries.items())
    return f"<<{described}/Length {len(content)}>>\nstream\n{content}\nendstream"
