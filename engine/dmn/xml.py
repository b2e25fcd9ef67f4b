"""Reads DMN files of any version as plain elements, without entities, DTD or network."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.dmn.findings import DmnRefused, Finding

LARGEST = 10 << 20  # bytes
DEEPEST = 100  # elements within elements

Element = Any  # lxml has no types


def read_xml(content: bytes) -> Element:
    """The root element; raises DmnRefused for what is no DMN file."""
    if len(content) > LARGEST:
        raise DmnRefused([Finding("dmn.size", "error", f"The file is larger than {LARGEST >> 20} MB.")])
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 0
        raise DmnRefused([Finding("dmn.xml", "error", f"The file is not well-formed XML: {error}.", line)]) from error
    if root.getroottree().docinfo.doctype:
        raise DmnRefused([Finding("dmn.doctype", "error", "A DMN file may not declare a document type.", 1)])
    if tag(root) != "definitions":
        raise DmnRefused([Finding("dmn.root", "error", "A DMN file begins with <definitions>.", root.sourceline or 1)])
    _see_depth(root)
    return root


def _see_depth(root: Element) -> None:
    level = [root]
    for _ in range(DEEPEST):
        level = [child for element in level for child in element]
        if not level:
            return
    raise DmnRefused([Finding("dmn.depth", "error", f"The file nests more than {DEEPEST} elements.", 1)])


def tag(element: Element | None) -> str:
    """The element's name without its namespace; empty for comments and the like."""
    return etree.QName(element).localname if element is not None and isinstance(element.tag, str) else ""


def children(element: Element, *names: str) -> Iterator[Element]:
    """The child elements of these names, in the order of the file."""
    for child in element:
        if tag(child) in names:
            yield child


def child(element: Element | None, *names: str) -> Element | None:
    """The first child element of these names."""
    return None if element is None else next(children(element, *names), None)


def text_of(element: Element | None, name: str = "text") -> str:
    """The text of a child element, empty when there is none."""
    found = child(element, name)
    return "" if found is None else "".join(found.itertext()).strip()


def type_of(element: Element | None) -> str:
    """The `typeRef`, an attribute since DMN 1.2 and in places an element."""
    if element is None:
        return ""
    return str(element.get("typeRef") or text_of(element, "typeRef"))


def line_of(element: Element | None) -> int:
    """Where the element stands in its file."""
    return int(getattr(element, "sourceline", 0) or 0)


def name_of(element: Element) -> str:
    """The name that others use for a definition: that of its variable, else its own, blanks normalised."""
    variable = child(element, "variable")
    name = (variable.get("name") if variable is not None else None) or element.get("name") or ""
    return " ".join(name.split())
