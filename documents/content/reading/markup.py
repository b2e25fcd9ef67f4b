"""HTML and XML: the text that a reader would see, and nothing that runs."""

from importlib.metadata import version
from typing import Any

from lxml import etree, html

from documents.content.reading import archive
from documents.content.reading.found import Collected, File, Found, one_line
from documents.content.reading.plain import decoded

MOST = 16 << 20  # bytes
UNSEEN = frozenset({"script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "math"})
BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
    ]
)


def read(file: File) -> Found:
    """The visible text of a page."""
    found = Collected(file.limits.characters)
    for line in lines(file.bytes(MOST)):
        if not found.add(line):
            break
    is_partial = found.is_full or file.size > MOST
    return Found(text=found.text(), is_partial=is_partial, library=f"lxml {version('lxml')}")


def read_xml(file: File) -> Found:
    """The text of any XML."""
    root = archive.xml(file.bytes(archive.MOST_OF_A_PART))
    found = Collected(file.limits.characters)
    for piece in root.itertext():
        if piece.strip() and not found.add(one_line(piece)):
            break
    return Found(text=found.text(), is_partial=found.is_full, library=f"lxml {version('lxml')}")


def lines(content: bytes | str) -> list[str]:
    """The visible lines of HTML; never fails, as browsers never do."""
    text = decoded(content) if isinstance(content, bytes) and not _names_encoding(content) else content
    parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    if isinstance(text, str):
        parser = html.HTMLParser(
            no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, encoding="utf-8"
        )
        text = text.encode("utf-8", "replace")
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError:  # nothing but white space
        return []
    return _visible(root) if root is not None else []


def _names_encoding(content: bytes) -> bool:
    """Whether the page tells its own encoding, which then counts; UTF-8 is recognised anyway."""
    if b"charset" not in content[:2048].lower():
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return False


def _visible(root: Any) -> list[str]:
    found: list[str] = []
    line: list[str] = []

    def end() -> None:
        told = one_line("".join(line))
        if told:
            found.append(told)
        line.clear()

    hidden = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            hidden += tag in UNSEEN
            if tag in BLOCKS:
                end()
            if not hidden and element.text:
                line.append(element.text)
            continue
        hidden -= tag in UNSEEN
        if tag in BLOCKS:
            end()
        if not hidden and element.tail:
            line.append(element.tail)
    end()
    return found
