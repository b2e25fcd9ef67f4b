"""Runs as a process of its own: reads one file after the other, confined, and is ended when it does not answer."""

import gc
import importlib
import os
import socket
import sys
from pathlib import Path
from typing import Any


def main() -> int:
    """Answer what the descriptor named on the command line asks, until it is closed."""
    sys.path.insert(0, str(Path(__file__).parents[2]))  # an isolated interpreter looks nowhere else for us
    from documents.content import confinement, protocol

    channel = socket.socket(fileno=int(sys.argv[1]))
    first = protocol.receive_with_file(channel)
    if first is None:
        return 0
    confinement.confine(int(first[0]["limits"]["memory"]))
    asked: tuple[dict[str, Any], int] | None = first
    while asked is not None:
        order, descriptor = asked
        confinement.allow_time(int(order["limits"]["processor_seconds"]))
        facts, payload = _answer(order, descriptor)
        protocol.send(channel, facts, payload)
        if order is first[0]:
            gc.freeze()  # what was loaded for the first file is not looked through again and again
        if facts.get("is_last"):
            return 0
        asked = protocol.receive_with_file(channel)
    return 0


def _answer(order: dict[str, Any], descriptor: int) -> tuple[dict[str, Any], bytes]:
    from documents.content.limits import Limits
    from documents.content.reading.found import File, Unreadable

    with os.fdopen(descriptor, "rb") as source:
        limits = Limits(**order["limits"])
        file = File(source, os.fstat(descriptor).st_size, order["media_type"], order["name"], limits)
        try:
            return _done(order, file)
        except Unreadable as error:
            return {"reason": str(error)}, b""
        except MemoryError:
            return {"reason": f"it needs more than {limits.memory >> 20} MB of memory", "is_last": True}, b""
        except RecursionError:
            return {"reason": "it is nested too deeply", "is_last": True}, b""
        except Exception as error:  # noqa: BLE001 -- the worker's loop: libraries raise what they like for a broken file
            kind = type(error).__name__
            return {"reason": f"the file is damaged, or not what it seems to be ({kind})", "is_last": True}, b""


def _done(order: dict[str, Any], file: Any) -> tuple[dict[str, Any], bytes]:
    if order["task"] == "text":
        module, _, function = order["reader"].partition(":")
        found = getattr(importlib.import_module(f"documents.content.reading.{module}"), function)(file)
        text = found.text.encode("utf-8", "replace")
        facts = {name: getattr(found, name) for name in ("layout", "pages", "is_partial", "wants_ocr", "library")}
        return facts, text
    from documents.content.reading import pictures

    width, height = int(order["width"]), int(order["height"])
    if file.media_type == "application/pdf":
        from documents.content.reading import pdf

        picture = pdf.draw(file, int(order["page"]), width, height)
    else:
        picture = pictures.small(file, width, height, page=int(order["page"]))
    size = picture.size
    packed = pictures.packed(picture)
    del picture
    gc.collect()
    return {"width": size[0], "height": size[1]}, packed


if __name__ == "__main__":
    sys.exit(main())
