"""Finds the models that a model imports among the files at hand, by their namespaces."""

from collections.abc import Iterable, Mapping

from lxml import etree

from engine.dmn.findings import DmnRefused
from engine.dmn.model import Model
from engine.dmn.reader import imported_namespaces, read_model
from engine.dmn.xml import read_xml

Files = Mapping[str, bytes]  # namespace → the DMN file that has it


def namespace_of(xml: bytes) -> str:
    """The namespace by which other models import this one; empty when it has none. Raises DmnRefused."""
    return str(read_xml(xml).get("namespace") or "")


def as_text(xml: bytes) -> str:
    """A DMN file as text, whatever its encoding was; raises DmnRefused."""
    return str(etree.tostring(read_xml(xml), encoding="unicode"))


def by_namespace(contents: Iterable[bytes]) -> dict[str, bytes]:
    """Files by namespace; without those that are no DMN, and without a namespace that two different files share."""
    found: dict[str, bytes] = {}
    shared: set[str] = set()
    for content in contents:
        try:
            namespace = namespace_of(content)
        except DmnRefused:
            continue
        if found.setdefault(namespace, content) != content:
            shared.add(namespace)
    return {namespace: content for namespace, content in found.items() if namespace and namespace not in shared}


def imported_files(xml: bytes, files: Files) -> dict[str, bytes]:
    """What a file imports, and what those import in turn, as far as it is there."""
    found: dict[str, bytes] = {}
    waiting = [xml]
    while waiting:
        for namespace in _namespaces(waiting.pop()):
            if namespace in files and namespace not in found:
                found[namespace] = files[namespace]
                waiting.append(files[namespace])
    return found


def missing_imports(xml: bytes, files: Files) -> set[str]:
    """The namespaces that a file, or what it imports, asks for in vain."""
    asked = {name for content in (xml, *imported_files(xml, files).values()) for name in _namespaces(content)}
    return asked - files.keys()


def imported_models(xml: bytes, files: Files) -> dict[str, Model]:
    """The models that a file imports, by namespace; one that is missing or imports its importer is left out."""
    return _models(xml, files, {}, frozenset({_own(xml)}))


def _models(xml: bytes, files: Files, done: dict[str, Model], above: frozenset[str]) -> dict[str, Model]:
    found: dict[str, Model] = {}
    for namespace in _namespaces(xml):
        if namespace in above or namespace not in files:
            continue
        if namespace not in done:
            content = files[namespace]
            try:
                done[namespace] = read_model(content, _models(content, files, done, above | {namespace}), strict=False)
            except DmnRefused:
                continue
        found[namespace] = done[namespace]
    return found


def _own(xml: bytes) -> str:
    try:
        return namespace_of(xml)
    except DmnRefused:
        return ""


def _namespaces(xml: bytes) -> tuple[str, ...]:
    try:
        return imported_namespaces(xml)
    except DmnRefused:
        return ()
