"""Reads BPMN files that anybody may have written: no entities, no DTD, no network, limited size and depth."""

from typing import Any, TypeAlias

from lxml import etree

from engine.bpmn.findings import Findings

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
OBIEG = "https://obieg.dev/schema/1.0/bpmn"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
MAXIMUM_SIZE = 5 << 20  # bytes; the largest real models that we know have a tenth of it
MAXIMUM_DEPTH = 100  # elements inside one another
HUGE = "XML_PARSE_HUGE"  # what libxml advises to set where a file goes beyond its limits

Xml: TypeAlias = Any  # lxml's elements have no types


def read_xml(content: bytes, findings: Findings) -> Xml | None:
    """The root element, or None with a finding that says why the file cannot be read."""
    if len(content) > MAXIMUM_SIZE:
        line = content.count(b"\n", 0, MAXIMUM_SIZE) + 1  # where it becomes too large
        findings.error("xml-size", f"The file is larger than {MAXIMUM_SIZE >> 20} MiB.", line=line)
        return None
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        too_large = HUGE in error.msg  # the reader's advice is for programmers
        why = "its elements are nested too deep, or one text in it is too long" if too_large else error.msg
        findings.error("xml-syntax", f"The file is not well-formed XML: {why}.", line=error.lineno)
        return None
    except ValueError as error:
        findings.error("xml-syntax", f"The file cannot be read as XML: {error}.")
        return None
    if root.getroottree().docinfo.internalDTD is not None:
        findings.error("xml-doctype", "The file has a DOCTYPE; remove it: document types are never read.", line=1)
        return None
    too_deep = _too_deep(root)
    if too_deep is not None:
        sentence = f"Elements are nested deeper than {MAXIMUM_DEPTH} levels."
        findings.error("xml-depth", sentence, line=too_deep.sourceline, element=too_deep.get("id"))
        return None
    return root


def _too_deep(root: Xml) -> Xml | None:
    """The first element that is nested too deep."""
    level = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        level += 1 if event == "start" else -1
        if level > MAXIMUM_DEPTH:
            return element
    return None


def read_bpmn(content: bytes, findings: Findings) -> Xml | None:
    """The `definitions` element of a BPMN 2.0 file, or None with a finding."""
    root = read_xml(content, findings)
    if root is None:
        return None
    if root.tag != f"{{{BPMN}}}definitions":
        findings.error(
            "bpmn-root",
            f"The file starts with <{local(root)}>; a BPMN 2.0 file starts with <definitions> in the namespace {BPMN}.",
            line=root.sourceline,
        )
        return None
    return root


def local(element: Xml) -> str:
    """The element's name without its namespace."""
    return str(etree.QName(element).localname)


def namespace(element: Xml) -> str:
    """The element's namespace, empty for none."""
    return str(etree.QName(element).namespace or "")


def children(element: Xml, *names: str) -> list[Xml]:
    """The BPMN children of these names, in the order of the file."""
    wanted = {f"{{{BPMN}}}{name}" for name in names}
    return [child for child in element if child.tag in wanted]


def child_text(element: Xml, name: str) -> str | None:
    """The text of a BPMN child, None when it is absent or empty."""
    for child in children(element, name):
        text = "".join(child.itertext()).strip()
        return text or None
    return None


def flag(element: Xml, attribute: str, *, default: bool) -> bool:
    """An xsd:boolean attribute."""
    value = element.get(attribute)
    return default if value is None else value.strip() in {"true", "1"}
