"""The operation http.call against real servers in this process: what it sends, what it takes, where it never goes."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput
from engine.errors import BpmnError
from engine.handlers import ServiceCall
from tests.https_server import PUBLIC, Names, Outside, Server, answer, as_json
from tests.mailbox import client_context
from webapp.operations.calling import HIDDEN, call_http
from webapp.operations.network import AddressRefused, AnswerRefused, Request, ServerAway, WebClient, is_public
from webapp.operations.secrets import SecretFolder

ALSO = "api.example.com:8443"


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def names(server: Server) -> Names:
    return Names(server.port)


@pytest.fixture
def web(names: Names) -> WebClient:
    hosts = ("api.example.com", "www.example.com", "*.shop.example.com", "http://old.example.com", ALSO)
    return WebClient(hosts, largest=1000, network=names, context=client_context())


@pytest.fixture
def secrets(tmp_path: Path) -> SecretFolder:
    (tmp_path / "token").write_text("s3cr3t-value\n")
    (tmp_path / "login").write_text("anna:pass-wort\n")
    return SecretFolder(tmp_path)


@pytest.fixture
def call(web: WebClient, secrets: SecretFolder) -> Callable[..., dict[str, Any]]:
    def run(url: str = "https://api.example.com/orders", key: str = "I1:T1", **inputs: Any) -> dict[str, Any]:
        order = ServiceCall(
            instance_id="I1", element_id="call", business_key=None, inputs={"url": url, **inputs}, key=key
        )
        return dict(call_http(Outside(web, secrets), order) or {})

    return run


Call = Callable[..., dict[str, Any]]


def test_values_go_out_as_json_and_come_back_as_values(server: Server, call: Call) -> None:
    server.replies["/orders"] = as_json({"id": "O-1", "total": 12.10, "lines": [{"n": 1}]}, status=201)

    result = call(
        method="POST", body={"customer": "ACME", "amount": Decimal("12.10")}, query={"dry": True, "tag": ["a", "b"]}
    )

    ((method, path, headers, body),) = server.seen
    assert (method, path) == ("POST", "/orders?dry=true&tag=a&tag=b")
    assert json.loads(body) == {"customer": "ACME", "amount": 12.1}
    assert headers["content-type"] == "application/json"
    assert headers["host"] == "api.example.com"
    assert (result["status"], result["body"]["total"]) == (201, Decimal("12.1"))
    assert result["headers"]["content-type"] == "application/json"


def test_the_same_step_carries_the_same_key_each_time(server: Server, call: Call) -> None:
    server.replies["/orders"] = answer()

    for key in ("I1:T1", "I1:T1", "I1:T2"):
        call(method="POST", key=key)

    assert [headers["idempotency-key"] for _, _, headers, _ in server.seen] == ["I1:T1", "I1:T1", "I1:T2"]


def test_text_is_taken_in_its_own_encoding(server: Server, call: Call) -> None:
    server.replies["/orders"] = answer(
        content="łódź\0".encode("iso-8859-2"), Content_Type="text/plain; charset=iso-8859-2"
    )

    assert call(body="more", method="PUT")["body"] == "łódź�"
    assert server.seen[0][2]["content-type"] == "text/plain; charset=utf-8"


def test_what_no_database_takes_is_replaced_in_an_answer_and_nothing_else(server: Server, call: Call) -> None:
    content = rb'{"a\u0000": ["\ud83d", "\ud83d\ude00", "C:\\u0000", {"b": "\u0000"}]}'
    server.replies["/orders"] = answer(content=content, Content_Type="application/json")

    assert call()["body"] == {"a\ufffd": ["\ufffd", "\U0001f600", "C:\\u0000", {"b": "\ufffd"}]}


def test_an_empty_answer_has_no_body(server: Server, call: Call) -> None:
    server.replies["/orders"] = answer(204)

    assert (call(method="DELETE")["body"], call(method="HEAD")["body"]) == (None, None)


def test_a_refusal_of_the_other_side_is_an_error_of_the_process(server: Server, call: Call) -> None:
    server.replies["/orders"] = as_json({"why": "sold out"}, status=409)

    with pytest.raises(BpmnError) as refused:
        call(method="POST")

    assert refused.value.error == "HTTP_409"
    assert refused.value.variables == {"status": 409, "body": {"why": "sold out"}}
    assert call(accepted=[Decimal(404), Decimal(409)])["status"] == 409


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_may_go_well_later_is_tried_again(server: Server, call: Call, status: int) -> None:
    server.replies["/orders"] = answer(status)

    with pytest.raises(ServerAway, match=str(status)):
        call()


@pytest.mark.parametrize(
    ("inputs", "header", "value"),
    [
        ({"secret": "token"}, "authorization", "Bearer s3cr3t-value"),
        ({"secret": "login", "secret_as": "basic"}, "authorization", "Basic YW5uYTpwYXNzLXdvcnQ="),
        ({"secret": "token", "secret_as": "header", "secret_header": "X-Api-Key"}, "x-api-key", "s3cr3t-value"),
    ],
)
def test_a_secret_is_sent_by_its_name(server: Server, call: Call, inputs: Any, header: str, value: str) -> None:
    server.replies["/orders"] = answer()

    call(**inputs)

    assert server.seen[0][2][header] == value


def test_a_secret_never_comes_back_and_never_reaches_the_log(
    server: Server, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.replies["/orders"] = answer(
        content=b"you sent s3cr3t-value", Content_Type="text/plain", X_Echo="s3cr3t-value"
    )

    result = call(secret="token")

    server.replies["/json"] = answer(content=b'{"got": "s3cr3t\\u002dvalue"}', Content_Type="application/json")

    assert call("https://api.example.com/json", secret="token")["body"] == {"got": HIDDEN}
    assert result["body"] == f"you sent {HIDDEN}"
    assert result["headers"]["x-echo"] == HIDDEN
    assert "s3cr3t" not in caplog.text
    assert "s3cr3t" not in repr(Request(method="GET", url="x", private={"A": "s3cr3t"}))


@pytest.mark.parametrize("echo", ["Basic YW5uYTpwYXNzLXdvcnQ=", "anna:pass-wort", "its password is pass-wort"])
def test_a_login_never_comes_back_in_any_of_its_forms(server: Server, call: Call, echo: str) -> None:
    server.replies["/orders"] = answer(content=echo.encode(), Content_Type="text/plain", X_Echo=echo)

    result = call(secret="login", secret_as="basic")

    for told in (result["body"], result["headers"]["x-echo"]):
        assert told.endswith(HIDDEN)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/",  # not encrypted
        "https://other.example.com/",
        "https://api.example.com:9000/",
        "https://api.example.com.evil.test/",
        "https://shop.example.com/",  # the pattern speaks of what is below it
        "https://evilshop.example.com/",
        "https://user:pass@api.example.com/",
        "https://api.example.com@evil.test/",
        "https://api.example.com\\@evil.test/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "ftp://api.example.com/",
        "file:///etc/passwd",
        "//api.example.com/",
        "https:///orders",
        "https://api.example.com/a b",
        "https://api.example.com/\r\nHost: evil",
        "https://api.example.com:port/",
        "javascript:alert(1)",
        "",
    ],
)
def test_an_address_that_nobody_allowed_is_refused_without_a_connection(names: Names, call: Call, url: str) -> None:
    with pytest.raises(AddressRefused):
        call(url)

    assert names.connected == []


def test_hosts_below_a_pattern_and_plain_http_are_called_where_they_are_allowed(server: Server, web: WebClient) -> None:
    assert web._checked("https://pl.shop.example.com/").hostname == "pl.shop.example.com"
    assert web._checked("http://old.example.com/").port is None
    assert web._checked("https://API.Example.com:8443/").hostname == "api.example.com"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_an_address_inside_a_network_is_never_called(names: Names, call: Call, address: str) -> None:
    names.names["api.example.com"] = [[address]]

    assert not is_public(address)
    with pytest.raises(AddressRefused, match="only public addresses"):
        call()
    assert names.connected == []


def test_one_inner_address_among_others_is_enough_to_refuse(names: Names, call: Call) -> None:
    names.names["api.example.com"] = [[PUBLIC, "10.0.0.1"]]

    with pytest.raises(AddressRefused):
        call()


def test_a_name_that_changes_its_address_between_two_looks_gains_nothing(
    server: Server, names: Names, call: Call
) -> None:
    server.replies["/orders"] = answer()
    names.names["api.example.com"] = [[PUBLIC], ["127.0.0.1"]]

    call()

    assert names.connected == [PUBLIC]  # looked up once, and called at the address that was checked


def test_a_redirect_goes_through_the_same_door(server: Server, names: Names, call: Call) -> None:
    server.replies["/orders"] = answer(302, Location="https://www.example.com/new")
    server.replies["/new"] = as_json({"ok": True})

    assert call(secret="token", headers={"X-Account": "7", "Accept-Language": "pl"})["body"] == {"ok": True}

    sent = [headers for _, _, headers, _ in server.seen]
    assert [headers.get("authorization") for headers in sent] == ["Bearer s3cr3t-value", None]
    assert [headers.get("x-account") for headers in sent] == ["7", None]
    assert [headers.get("accept-language") for headers in sent] == ["pl", "pl"]


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("https://evil.test/", PUBLIC),
        ("http://api.example.com/", PUBLIC),
        ("https://x.shop.example.com/", "169.254.169.254"),
        ("file:///etc/passwd", PUBLIC),
    ],
)
def test_a_redirect_to_where_nobody_allowed_is_refused(
    server: Server, names: Names, call: Call, location: str, address: str
) -> None:
    server.replies["/orders"] = answer(301, Location=location)
    names.names["x.shop.example.com"] = [[address]]

    with pytest.raises(AddressRefused):
        call()

    assert names.connected == [PUBLIC]


def test_a_redirect_in_circles_ends(server: Server, call: Call) -> None:
    server.replies["/orders"] = answer(307, Location="/orders")

    with pytest.raises(AnswerRefused, match="more than 5 times"):
        call()

    assert len(server.seen) == 6


def test_a_redirect_of_what_changes_something_is_not_followed(server: Server, call: Call) -> None:
    server.replies["/orders"] = answer(302, Location="/new")

    with pytest.raises(BpmnError) as refused:
        call(method="POST")

    assert (refused.value.error, len(server.seen)) == ("HTTP_302", 1)


def test_an_answer_that_is_too_large_is_refused(server: Server, call: Call) -> None:
    server.replies["/orders"] = answer(content=b"x" * 1001)

    with pytest.raises(AnswerRefused, match="larger than 1000 bytes"):
        call()


def test_an_answer_that_never_ends_is_cut_off_in_time(server: Server, call: Call) -> None:
    going = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not going.wait(0.05):
            handler.wfile.write(b".")
            handler.wfile.flush()

    server.replies["/orders"] = drip

    with pytest.raises(ServerAway, match="did not answer within"):
        call(timeout=timedelta(milliseconds=400))
    going.set()


def test_an_answer_that_breaks_off_is_tried_again(server: Server, call: Call) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")

    server.replies["/orders"] = half

    with pytest.raises(ServerAway, match="broke off"):
        call()


@pytest.mark.parametrize(
    ("content", "kind", "encoding", "told"),
    [
        (b"{", "application/json", "", "it is not"),
        (b"NaN", "application/json", "", "it is not"),
        (b"[" * 100_00, "application/problem+json", "", "larger|it is not"),
        (b"x", "text/plain", "gzip", "compressed"),
    ],
)
def test_an_answer_that_cannot_be_read_is_refused(
    server: Server, call: Call, content: bytes, kind: str, encoding: str, told: str
) -> None:
    headers = {"Content_Type": kind} | ({"Content_Encoding": encoding} if encoding else {})
    server.replies["/orders"] = answer(content=content, **headers)

    with pytest.raises(AnswerRefused) as refused:
        call()

    assert any(part in refused.value.sentence for part in told.split("|"))


def test_a_certificate_of_another_name_is_refused(server: Server, names: Names, call: Call) -> None:
    names.names["x.shop.example.com"] = [[PUBLIC]]
    server.replies["/"] = answer()

    with pytest.raises(AnswerRefused, match="certificate"):
        call("https://x.shop.example.com/")


def test_a_server_that_is_away_is_tried_again(names: Names, call: Call) -> None:
    names.port = 1

    with pytest.raises(ServerAway, match="cannot be reached"):
        call()
    del names.names["api.example.com"]
    with pytest.raises(ServerAway):
        call()


@pytest.mark.parametrize(
    "inputs",
    [
        {"headers": {"Authorization": "Bearer x"}},
        {"headers": {"Cookie": "x"}},
        {"headers": {"Host": "evil"}},
        {"headers": {"Idempotency-Key": "x"}},
        {"headers": {"X": "a\r\nY: b"}},
        {"headers": {"X Y": "a"}},
        {"timeout": timedelta(minutes=3)},
        {"timeout": timedelta(0)},
        {"secret": "token", "secret_as": "header"},
        {"secret": "token", "secret_as": "header", "secret_header": "Host"},
    ],
)
def test_inputs_that_make_no_call_are_refused(names: Names, call: Call, inputs: Any) -> None:
    with pytest.raises(InvalidInput):
        call(**inputs)

    assert names.connected == []
