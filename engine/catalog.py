"""What is deployed, made ready to use and kept in memory: definitions never change, so a copy is never stale."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import func, select

from engine.bpmn import Known, check_bpmn
from engine.bpmn.model import Reference
from engine.dmn import Model, read_model
from engine.dmn.imports import imported_models
from engine.errors import DefinitionNotFound
from engine.models import DefinitionRow
from engine.runtime import Program, load
from storage.unit_of_work import Reading

KEPT = 200  # definitions of each kind in memory
Made = TypeVar("Made")


class _Kept(Generic[Made]):
    """The values that were used last, by key."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Any, Made] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Any, make: Callable[[], Made]) -> Made:
        """The value of a key, made when it is not there."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._size:
                self._values.popitem(last=False)
        return value


_programs: _Kept[Program] = _Kept(KEPT)
_models: _Kept[Model] = _Kept(KEPT)
_schemas: _Kept[dict[str, Any]] = _Kept(KEPT)
_rows: _Kept[DefinitionRow] = _Kept(4 * KEPT)
_found: _Kept[str | None] = _Kept(4 * KEPT)


def newest_deployment(view: Reading) -> str:
    """A mark that changes with every deployment: what was found under it holds for as long as it stays."""
    return view.session.scalar(select(func.max(DefinitionRow.id))) or ""


def definition(view: Reading, definition_id: str) -> DefinitionRow:
    """One definition. Raises `DefinitionNotFound`."""

    def read() -> DefinitionRow:
        row = view.session.get(DefinitionRow, definition_id)
        if row is None:
            raise DefinitionNotFound(f"There is no definition {definition_id}.", definition=definition_id)
        view.session.expunge(row)
        return row

    return _rows.get(definition_id, read)


def find(view: Reading, kind: str, reference: Reference, mark: str) -> str | None:
    """The id of the newest version under this key, or of the version asked for; None when there is none.

    `mark` is what `newest_deployment` gave in this transaction.
    """

    def search() -> str | None:
        query = select(DefinitionRow.id).where(DefinitionRow.kind == kind, DefinitionRow.key == reference.key)
        if reference.version is not None:
            query = query.where(DefinitionRow.version == reference.version)
        if reference.tag is not None:
            query = query.where(DefinitionRow.info["tag"].astext == reference.tag)
        return view.session.scalar(query.order_by(DefinitionRow.version.desc()).limit(1))

    return _found.get((mark, kind, reference), search)


def program(view: Reading, definition_id: str) -> Program:
    """A process, ready to run."""

    def make() -> Program:
        row = definition(view, definition_id)
        checked = check_bpmn(row.file_name, _source(view, definition_id), Known())
        return load(next(process for process in checked.processes if process.id == row.key))

    return _programs.get(definition_id, make)


def model(view: Reading, definition_id: str) -> Model:
    """A decision model, ready to decide, with the models it imported when it was deployed."""

    def make() -> Model:
        files = {name: text.encode() for name, text in definition(view, definition_id).info.get("imports", {}).items()}
        content = _source(view, definition_id)
        return read_model(content, imported_models(content, files))

    return _models.get(definition_id, make)


def form_schema(view: Reading, definition_id: str) -> dict[str, Any]:
    """A form-js schema; treat it as read-only."""
    return _schemas.get(definition_id, lambda: json.loads(_source(view, definition_id)))


def source(view: Reading, definition_id: str) -> bytes:
    """The deployed bytes. Raises `DefinitionNotFound`."""
    definition(view, definition_id)
    return _source(view, definition_id)


def _source(view: Reading, definition_id: str) -> bytes:
    found = view.session.scalar(select(DefinitionRow.source).where(DefinitionRow.id == definition_id))
    assert found is not None
    return found
