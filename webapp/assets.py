"""The built front end: which hashed files a page needs, how they are packed, and how long browsers may keep them."""

import json
import mimetypes
import os.path
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, url_for
from markupsafe import Markup

FOREVER = "public, max-age=31536000, immutable"  # a changed file gets another name
DIST = "dist"
ICONS = "icons.svg"
PACKED = {"br": ".br", "gzip": ".gz"}  # encoding → what the build adds to the name; the smaller one first
MARK = Markup('<svg class="icon {}" width="20" height="20" aria-hidden="true"><use href="{}#{}"/></svg>')


class FrontEndMissing(Exception):
    """The front end is not built; pages cannot be shown."""


class Assets:
    """What Vite's manifest says about the folder `static/dist`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / DIST / "manifest.json"
        self._read: tuple[int, dict[str, dict[str, Any]]] | None = None

    @property
    def manifest(self) -> dict[str, dict[str, Any]]:
        """Source file → what was made of it; read again after a build. Raises `FrontEndMissing`."""
        try:
            written = self._file.stat().st_mtime_ns
            if self._read is None or self._read[0] != written:
                self._read = written, json.loads(self._file.read_text())
        except FileNotFoundError as error:
            raise FrontEndMissing(f"{self._file} is missing; run `make frontend` first.") from error
        return self._read[1]

    def file(self, source: str) -> str:
        """The built file of a source, relative to the static folder."""
        return f"{DIST}/{self.manifest[source]['file']}"

    def styles(self, page: str) -> list[str]:
        """The style sheets of a page, in the order in which they must be read."""
        found: dict[str, None] = {}
        for entry in self._entries(f"src/pages/{page}.js"):
            found.update(dict.fromkeys(entry.get("css", ())))
        return [f"{DIST}/{name}" for name in found]

    def preloads(self, page: str) -> list[str]:
        """The scripts that the page's own script imports."""
        return [f"{DIST}/{entry['file']}" for entry in list(self._entries(f"src/pages/{page}.js"))[:-1]]

    def packed(self, name: str) -> dict[str, str]:
        """How a file of the static folder may be sent: encoding → file; empty for one that the build did not pack."""
        if not name.startswith(f"{DIST}/"):
            return {}
        found = {kind: name + end for kind, end in PACKED.items()}
        return {
            kind: file
            for kind, file in found.items()
            if os.path.isfile(self._folder / file)  # noqa: PTH113 -- Path.is_file fails for a name that is too long
        }

    def _entries(self, source: str, seen: set[str] | None = None) -> Iterator[dict[str, Any]]:
        seen = set() if seen is None else seen
        if source in seen:
            return
        seen.add(source)
        entry = self.manifest[source]
        for imported in entry.get("imports", ()):
            yield from self._entries(imported, seen)
        yield entry


def register(app: Flask) -> None:
    """Give templates `assets(page)` and `icon(name)`, send packed files, and let browsers keep hashed ones."""
    assets = Assets(Path(app.static_folder or ""))

    def address(file: str) -> str:
        return url_for("static", filename=file)

    def tags(page: str) -> Markup:
        style = Markup('<link rel="stylesheet" href="{}">')
        preload = Markup('<link rel="modulepreload" href="{}">')
        script = Markup('<script type="module" src="{}"></script>')
        parts = [style.format(address(file)) for file in assets.styles(page)]
        parts += [preload.format(address(file)) for file in assets.preloads(page)]
        return Markup("\n").join([*parts, script.format(address(assets.file(f"src/pages/{page}.js")))])

    def icon(name: str, kind: str = "") -> Markup:
        return MARK.format(kind, address(assets.file(ICONS)), name)

    def send(filename: str) -> Response:
        packed = assets.packed(filename)
        if not packed:
            return app.send_static_file(filename)
        kind = request.accept_encodings.best_match(packed)
        response = app.send_static_file(packed.get(kind or "", filename))
        response.vary.add("Accept-Encoding")
        if kind:
            response.content_encoding = kind
            response.mimetype = mimetypes.guess_type(filename)[0] or "application/octet-stream"
        return response

    def keep(response: Response) -> Response:
        if request.endpoint == "static" and request.path.startswith(f"{app.static_url_path}/{DIST}/assets/"):
            response.headers["Cache-Control"] = FOREVER if response.status_code < 400 else "no-store"
        return response

    app.view_functions["static"] = send
    app.jinja_env.globals.update(assets=tags, icon=icon)
    app.after_request(keep)
