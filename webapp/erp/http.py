"""The ERP over HTTP: `POST {url}/orders` with an idempotency key, `GET {url}/documents` for what it has for us."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from core.errors import DomainError, Unavailable
from core.settings import Settings
from crm.erp import words as known
from crm.erp.errors import ErpRefused
from crm.erp.systems import Offered, Parcel, Receipt, Told
from webapp.checkpoints import host_of
from webapp.operations.network import Answer, Request, Web, WebClient

LARGEST_ANSWER = 4 << 20  # bytes
LONGEST_TOLD = 300  # characters
PAGE = 100  # documents of one answer
ACCEPTED, CONFLICT = 202, 409


class ErpNotSetUp(DomainError):
    """An administrator must set something first."""

    code = "erp_not_set_up"


class ErpAway(Unavailable):
    """The ERP is busy or broken."""

    code = "erp_away"


class ErpAnswer(DomainError):
    """The ERP answers what nobody understands."""

    code = "erp_answer"


class HttpErp:
    """Only the host of OBIEG_ERP_URL is called, wherever an answer would lead."""

    def __init__(self, settings: Settings, web: Web | None = None) -> None:
        self._url = settings.erp_url.rstrip("/")
        self._seconds = settings.erp_timeout
        self._headers = dict(settings.erp_headers)
        hosts = [host_of(self._url)] if self._url else []
        self._web = web or WebClient(hosts, largest=LARGEST_ANSWER, inside=True)

    @property
    def is_there(self) -> bool:
        """Where an address is set."""
        return bool(self._url)

    def deliver(self, parcel: Parcel) -> Receipt:
        """2xx is an acknowledgement, 202 the promise of one; 409 with a number says that it is there already."""
        body = json.dumps({**parcel.content, "key": parcel.key}, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": parcel.key}
        answer = self._send("POST", f"/{known.NAMES[parcel.entity]}", headers, body)
        told, said = f"{answer.status} {_shown(answer.content)}".strip(), _object(answer.content)
        number = said.get("number")
        number = str(number) if isinstance(number, str | int) and str(number).strip() else None
        if answer.status == ACCEPTED:
            return Receipt(number=None, answer=told, is_final=False)
        if 200 <= answer.status < 300 or (answer.status == CONFLICT and number):
            return Receipt(number=number, answer=told)
        raise ErpRefused(f"The ERP refuses it: {said.get('detail') or said.get('title') or told}")

    def offered(self, after: str | None) -> Offered:
        """A page of what it has."""
        query = urlencode({"limit": PAGE} | ({"after": after} if after else {}))
        answer = self._send("GET", f"/documents?{query}", {}, None)
        if not 200 <= answer.status < 300:
            raise ErpAnswer(f"The ERP gives no documents: {answer.status} {_shown(answer.content)}".strip())
        said = _object(answer.content)
        items, following = said.get("items"), said.get("next")
        if not isinstance(items, list) or not (following is None or isinstance(following, str | int)):
            raise ErpAnswer("The ERP's documents must be an object with a list named items and a text named next.")
        return Offered(
            items=[_told(each) for each in items[:PAGE]], next=after if following is None else str(following)[:200]
        )

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if not self._url:
            raise ErpNotSetUp("No ERP is connected; an administrator sets OBIEG_ERP_URL.")
        answer = self._web.send(
            Request(
                method=method,
                url=f"{self._url}{path}",
                headers={"Accept": "application/json", **headers},
                private=self._headers,
                body=body,
                seconds=self._seconds,
            )
        )
        if answer.status in {401, 403}:
            raise ErpNotSetUp(f"The ERP does not let us in ({answer.status}); look at OBIEG_ERP_HEADERS.")
        if answer.status in {404, 405}:
            raise ErpNotSetUp(f"The ERP has nothing at {path.partition('?')[0]}; look at OBIEG_ERP_URL.")
        if answer.status in {408, 425, 429} or answer.status >= 500 or answer.status < 200:
            told = f"{answer.status} {_shown(answer.content)}".strip()
            raise ErpAway(f"The ERP asks to come again later: {told}.")
        if 300 <= answer.status < 400:
            raise ErpNotSetUp("The ERP answers from another address; look at OBIEG_ERP_URL.")
        return answer


def _told(said: Any) -> Told:
    """What cannot be understood still has a key under which it is refused with a reason."""
    given = said if isinstance(said, dict) else {}
    content = {name: value for name, value in given.items() if name not in {"key", "kind"}}
    return Told(key=str(given.get("key", "")), kind=str(given.get("kind", "")), content=content)


def _object(content: bytes) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _shown(content: bytes) -> str:
    return " ".join(content.decode(errors="replace").split())[:LONGEST_TOLD]
