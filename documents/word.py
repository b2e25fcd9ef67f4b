"""Word templates filled in by docxtpl in Jinja's sandbox; light enough to be loaded in a process of its own."""

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInput
from documents.words import printable

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment


class TemplateRefused(InvalidInput):
    """The template is broken, or asks for a field that it was not given."""

    code = "template_refused"


def sandbox() -> "SandboxedEnvironment":
    """Where expressions of templates run: text is always text, and a field that is not there is an error."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)


def render_docx(
    template: bytes, fields: Mapping[str, Any], *, at: datetime, environment: "SandboxedEnvironment | None" = None
) -> bytes:
    """The template with its fields filled in; text is always text, whatever characters it has.

    The template's expressions run in Jinja's sandbox. The same fields and time give the same bytes. Raises
    `TemplateRefused`.
    """
    from docxtpl import DocxTemplate  # heavy: only processes that make papers load it
    from jinja2 import TemplateError

    try:
        document = DocxTemplate(io.BytesIO(template))
        document.render(clean(fields), environment or sandbox(), autoescape=True)
        properties = document.docx.core_properties
        properties.created = properties.modified = at.astimezone(UTC).replace(tzinfo=None)
        filled = io.BytesIO()
        document.save(filled)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise TemplateRefused("The template is not a Word document (.docx).") from error
    except TemplateError as error:
        raise TemplateRefused(f"The Word template cannot be filled in: {str(error).rstrip('.')}.") from error
    return _dated(filled, at)


def clean(value: Any) -> Any:
    """The value without characters that XML and fonts have no place for."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def _dated(archive: io.BytesIO, at: datetime) -> bytes:
    """The same archive with one date on every part, so that the same content is the same blob."""
    moment = max(at.astimezone(UTC), datetime(1980, 1, 1, tzinfo=UTC))  # the first date that ZIP knows
    result = io.BytesIO()
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            stamp = zipfile.ZipInfo(part.filename, moment.timetuple()[:6])
            stamp.compress_type, stamp.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(stamp, source.read(part))
    return result.getvalue()
