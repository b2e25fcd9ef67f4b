"""Calling another server over HTTP: JSON or text there and back, with a key by which it knows repetitions."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from core.errors import InvalidInput
from engine.errors import BpmnError
from engine.feel.values import plain
from engine.handlers import Outside, ServiceCall, outside_operation
from engine.ready import Fault, Operation, Parameter
from storage.faults import UNSTORABLE
from webapp.operations.network import Answer, AnswerRefused, Request, ServerAway, Web
from webapp.operations.secrets import Secrets

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
LONGEST = timedelta(minutes=2)
USUAL = timedelta(seconds=30)
KEY_HEADER = "Idempotency-Key"
MOST_HEADERS = 50
HIDDEN = "•••"
_OURS = {
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "idempotency-key",
    "accept-encoding",
    "te",
    "upgrade",
}
_PRIVATE = {"authorization", "proxy-authorization", "cookie"}
_LATER = {408, 425, 429}
CALL = Operation(
    name="http.call",
    title="Call HTTP",
    description="Calls a server that an administrator has allowed with OBIEG_HTTP_HOSTS. A context or list is sent as "
    "JSON, a text as it is; a JSON answer becomes FEEL values, any other text. Each call carries the header "
    "Idempotency-Key with the same value whenever it is tried again. Redirects of GET and HEAD are followed to allowed "
    "hosts; to another host neither the secret nor the given headers go along.",
    place="outside",
    inputs=(
        Parameter(
            name="url",
            type="string",
            title="Address",
            description="The whole address.",
            required=True,
            example='= "https://api.example.com/orders/" + order_id',
        ),
        Parameter(
            name="method",
            type="string",
            title="Method",
            description="GET where nothing is said.",
            choices=METHODS,
            example="POST",
        ),
        Parameter(
            name="query",
            type="context",
            title="Query",
            description="What stands behind the question mark, by name; a list repeats its name.",
            example="= {page: 2}",
        ),
        Parameter(
            name="headers",
            type="context",
            title="Headers",
            description="Headers by name; none that carry a secret.",
            example='= {"Accept-Language": "pl"}',
        ),
        Parameter(
            name="body",
            type="Any",
            title="Body",
            description="What is sent: a context or list as JSON, a text as text/plain unless headers say otherwise.",
            lines=3,
            example="= {id: order_id, total: total}",
        ),
        Parameter(
            name="secret",
            type="string",
            title="Secret",
            description="The name of a secret of this installation that the call is authorised with.",
            example="shop-token",
        ),
        Parameter(
            name="secret_as",
            type="string",
            title="Secret as",
            description="How the secret is sent: as a bearer token, as user:password, or as the header secret_header.",
            choices=("bearer", "basic", "header"),
        ),
        Parameter(
            name="secret_header",
            type="string",
            title="Header of the secret",
            description="The header's name where the secret is sent as a header.",
            example="X-Api-Key",
        ),
        Parameter(
            name="accepted",
            type="list<number>",
            title="Accepted statuses",
            description="Statuses beside 200 to 299 that are answers, not errors.",
            example="= [404]",
        ),
        Parameter(
            name="timeout",
            type="days and time duration",
            title="Timeout",
            description="For all of it, PT30S where nothing is said, at most PT2M.",
            example="PT10S",
        ),
    ),
    outputs=(
        Parameter(name="status", type="number", title="Status", description="The HTTP status."),
        Parameter(
            name="body", type="Any", title="Body", description="JSON as values, else text; null where it is empty."
        ),
        Parameter(
            name="headers", type="context", title="Headers", description="The answer's headers, names in small letters."
        ),
    ),
    faults=(
        Fault(
            code="HTTP_nnn",
            description="The status where it is 300 to 499, such as `HTTP_404`, with the variables `status` and "
            "`body`; 408, 425, 429 and 500 to 599 are tried again, then an incident.",
        ),
    ),
)


@outside_operation(CALL)
def call_http(outside: Outside, call: ServiceCall) -> dict[str, Any]:
    """Call, and read the answer. Raises `BpmnError` for what another try cannot mend and the process may handle."""
    given = call.inputs
    secret = outside.port(Secrets).of(given["secret"]) if given.get("secret") else None
    answer = outside.port(Web).send(_request(call, secret))
    covered = _covered(given, secret)
    result = {
        "status": Decimal(answer.status),
        "body": _body(answer, covered),
        "headers": {
            name: _hidden(value, covered)
            for name, value in list(answer.headers.items())[:MOST_HEADERS]
            if name != "set-cookie"
        },
    }
    if 200 <= answer.status < 300 or answer.status in given.get("accepted", ()):
        return result
    if answer.status >= 500 or answer.status in _LATER:
        raise ServerAway(f"The server answered {answer.status}; it may be better later.", status=answer.status)
    sentence = f"The server answered {answer.status}."
    raise BpmnError(f"HTTP_{answer.status}", sentence, status=result["status"], body=result["body"])


def _request(call: ServiceCall, secret: str | None) -> Request:
    given = call.inputs
    timeout: timedelta = given.get("timeout", USUAL)
    if not timedelta() < timeout <= LONGEST:
        raise InvalidInput("The timeout must be more than nothing and at most PT2M.")
    headers = _headers(given.get("headers", {}))
    body, kind = _sent(given.get("body"))
    if body is not None and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = kind
    headers.setdefault("Accept", "application/json, text/*;q=0.9, */*;q=0.5")
    headers |= {KEY_HEADER: call.key, "User-Agent": "Obieg"}
    url: str = given["url"].strip()
    if given.get("query"):
        url += ("&" if "?" in url else "?") + urlencode(_query(given["query"]), doseq=True)
    return Request(
        method=given.get("method", "GET"),
        url=url,
        headers=headers,
        private=_private(given, secret),
        body=body,
        seconds=timeout.total_seconds(),
    )


def _query(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: [_word(each) for each in value] if isinstance(value, list) else _word(value)
            for name, value in given.items() if value is not None}  # fmt: skip


def _word(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(plain(value))


def _headers(given: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in given.items():
        if name.lower() in _PRIVATE:
            raise InvalidInput(f"The header {name} carries a secret; name the secret in the input secret instead.")
        if name.lower() in _OURS:
            raise InvalidInput(f"The header {name} is set by the operation itself.")
        found[_checked(name, name)] = _checked(name, str(plain(value)))
    return found


def _checked(name: str, text: str) -> str:
    if not text or not text.isascii() or not text.isprintable() or (text == name and (":" in name or " " in name)):
        raise InvalidInput(f"The header {name!r} has a name or a value that HTTP cannot carry.")
    return text


def _private(given: Mapping[str, Any], secret: str | None) -> dict[str, str]:
    if secret is None:
        return {}
    if not secret.isascii():
        raise InvalidInput("The secret has characters that HTTP headers cannot carry.")
    match given.get("secret_as", "bearer"):
        case "basic":
            return {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
        case "header":
            name = given.get("secret_header", "")
            if name.lower() in _OURS:
                raise InvalidInput(f"The header {name} is set by the operation itself.")
            return {_checked(name, name): secret}
    return {"Authorization": f"Bearer {secret}"}


def _sent(body: Any) -> tuple[bytes | None, str]:
    if body is None:
        return None, ""
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return json.dumps(plain(body), ensure_ascii=False).encode(), "application/json"


def _covered(given: Mapping[str, Any], secret: str | None) -> list[str]:
    """What no answer may show of a secret, the longest first: it, as it is sent, and the password in it."""
    if secret is None:
        return []
    words = {secret, base64.b64encode(secret.encode()).decode()}
    if given.get("secret_as") == "basic":
        words.add(secret.partition(":")[2])
    return sorted(words - {""}, key=len, reverse=True)


def _body(answer: Answer, covered: Sequence[str]) -> Any:
    """The content as values or text; a secret that the server echoes is covered."""
    if not answer.content:
        return None
    kind, _, rest = answer.headers.get("content-type", "").partition(";")
    charset = rest.partition("charset=")[2].split(";")[0].strip(' "') or "utf-8"
    try:
        text = answer.content.decode(charset, "replace")
    except LookupError:
        text = answer.content.decode("utf-8", "replace")
    text = _hidden(text, covered)
    kind = kind.strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        return _taken(text, covered)
    try:
        return _taken(json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no), covered)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise AnswerRefused("The server says that its answer is JSON, but it is not.") from error


def _taken(value: Any, covered: Sequence[str]) -> Any:
    """A value as it is kept: its texts without the secret, however that was written, and what no database takes."""
    if isinstance(value, str):
        return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", _hidden(value, covered))
    if isinstance(value, list):
        return [_taken(each, covered) for each in value]
    if isinstance(value, dict):
        return {_taken(name, covered): _taken(each, covered) for name, each in value.items()}
    return value


def _no(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _hidden(text: str, covered: Sequence[str]) -> str:
    for word in covered:
        text = text.replace(word, HIDDEN)
    return text
