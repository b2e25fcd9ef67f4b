"""Calls to other servers that stay where an administrator allowed them: host by host, and never to an inner address."""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import field
from functools import cached_property
from typing import Protocol
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from core.errors import DomainError, InvalidInput, Unavailable
from core.records import dataclass

REDIRECTS = 5
CHUNK = 1 << 16  # bytes
_MOVED = {301, 302, 303, 307, 308}
_PORTS = {"https": 443, "http": 80}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_FOR_EVERYBODY = {"accept", "accept-language", "user-agent"}  # headers that a redirect takes to another host
_SAFE = "/%:@!$&'()*+,;=~-._?[]"


class AddressRefused(InvalidInput):
    """The address is not one that this installation calls."""

    code = "address_refused"


class AnswerRefused(DomainError):
    """The other server's answer cannot be taken."""

    code = "answer_refused"


class ServerAway(Unavailable):
    """The other server cannot be reached, or does not answer in time."""

    code = "server_away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call; `private` are headers that never come into a log; `seconds` is for all of it."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = None
    seconds: float = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Web(Protocol):
    """Other servers."""

    def send(self, request: Request) -> Answer:
        """The answer, whatever its status. Raises `AddressRefused`, `AnswerRefused`, `ServerAway`."""


class Network(Protocol):
    """Names and connections."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """All addresses of a name. Raises `OSError`."""

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        """An open connection to an address. Raises `OSError`."""


class SystemNetwork:
    """The machine's own."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """What the resolver says."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(each[4][0]) for each in found))

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        """A TCP connection; no proxy of the environment is asked."""
        return socket.create_connection((address, port), timeout=seconds)


class WebClient:
    """Calls allowed hosts only.

    A name is resolved once per call; every address that it has must be public, and the connection goes to the address
    that was checked, so that a second look-up cannot lead elsewhere. A redirect goes through all of it again.
    With `inside` an address may also be one of the firm's own network: for hosts that settings name, and nobody else.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        largest: int = 1 << 20,
        network: Network | None = None,
        context: ssl.SSLContext | None = None,
        inside: bool = False,
    ) -> None:
        self._inside = inside
        self._hosts = [_pattern(host) for host in hosts]
        self._largest = largest
        self._network = network or SystemNetwork()
        self._given_context = context

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Reading the roots that are believed takes 50 ms, which few processes need."""
        return self._given_context or ssl.create_default_context()

    def send(self, request: Request) -> Answer:
        """Call, and follow the redirects of what only reads."""
        until = time.monotonic() + request.seconds
        url, first = request.url, self._checked(request.url)
        for _ in range(REDIRECTS + 1):
            parts = self._checked(url)
            headers = {**request.headers, **request.private}
            if _origin(parts) != _origin(first):
                headers = {name: value for name, value in request.headers.items() if name.lower() in _FOR_EVERYBODY}
            answer = self._exchange(request, parts, headers, until)
            where = answer.headers.get("location")
            if answer.status not in _MOVED or request.method not in {"GET", "HEAD"} or not where:
                return answer
            url = urljoin(url, where)
        raise AnswerRefused(f"{first.hostname} redirects more than {REDIRECTS} times.", host=first.hostname)

    def _checked(self, url: str) -> SplitResult:
        """The parts of an address that may be called. Raises `AddressRefused`."""
        parts = parts_of(url)
        host, port = parts.hostname or "", _port(parts)
        if not any(_matches(each, parts.scheme, host, port) for each in self._hosts):
            raise AddressRefused(
                f"{parts.scheme}://{host}:{port} is not among the hosts that this installation calls. An administrator "
                "allows it with OBIEG_HTTP_HOSTS.",
                host=host,
            )
        return parts

    def _exchange(self, request: Request, parts: SplitResult, headers: Mapping[str, str], until: float) -> Answer:
        host = parts.hostname or ""
        try:
            with self._opened(parts, until) as line:
                watch = threading.Timer(max(0.0, until - time.monotonic()), _cut, [line])
                watch.start()
                try:
                    if isinstance(line, ssl.SSLSocket):
                        line.do_handshake()
                    answer = self._talk(line, request, parts, headers)
                finally:
                    watch.cancel()
            if time.monotonic() >= until:
                raise TimeoutError  # what was cut off looks like the end of an answer without a length
        except ssl.SSLCertVerificationError as error:
            raise AnswerRefused(
                f"The certificate of {host} is not valid: {error.verify_message}.", host=host
            ) from error
        except (OSError, http.client.HTTPException) as error:
            late = time.monotonic() >= until
            reason = f"did not answer within {request.seconds:g} seconds" if late else "cannot be reached or broke off"
            raise ServerAway(f"{host} {reason}.", host=host) from error
        return answer

    def _opened(self, parts: SplitResult, until: float) -> socket.socket:
        """A connection on which nothing was said yet, so that the handshake is under watch, too."""
        host = parts.hostname or ""
        plain = self._connect(host, _port(parts), until)
        if parts.scheme != "https":
            return plain
        return self._context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)

    def _connect(self, host: str, port: int, until: float) -> socket.socket:
        addresses = self._addresses(host, port, until)
        for address in addresses:
            if not self._inside and not is_public(address):
                raise AddressRefused(
                    f"{host} resolves to {address}, which is inside a network; only public addresses are called.",
                    host=host,
                )
        failure: OSError | None = None
        for address in addresses:
            try:
                return self._network.connect(address, port, max(0.1, until - time.monotonic()))
            except OSError as error:
                failure = error
        raise failure or OSError(f"{host} has no address")

    def _addresses(self, host: str, port: int, until: float) -> Sequence[str]:
        """What a name leads to. The machine's resolver knows no time limit, so it is asked beside."""
        answer: Future[Sequence[str]] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._network.addresses(host, port))
            except Exception as error:  # noqa: BLE001 -- raised where the answer is waited for
                answer.set_exception(error)

        threading.Thread(target=ask, name=f"look-up of {host}", daemon=True).start()
        return answer.result(max(0.0, until - time.monotonic()))

    def _talk(self, line: socket.socket, request: Request, parts: SplitResult, headers: Mapping[str, str]) -> Answer:
        host = parts.hostname or ""
        connection = http.client.HTTPConnection(host, _port(parts))
        connection.sock = line
        try:
            target = quote(parts.path or "/", safe=_SAFE) + (
                f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
            )
            connection.request(request.method, target, body=request.body, headers={**headers, "Host": parts.netloc})
            with connection.getresponse() as response:
                return Answer(
                    status=response.status,
                    headers={name.lower(): value for name, value in response.getheaders()},
                    content=self._read(response, host),
                )
        finally:
            connection.close()

    def _read(self, response: http.client.HTTPResponse, host: str) -> bytes:
        if response.getheader("Content-Encoding", "identity").lower() not in {"identity", ""}:
            raise AnswerRefused(f"{host} compressed its answer, though it was not asked to.", host=host)
        found = bytearray()
        while part := response.read(CHUNK):
            found += part
            if len(found) > self._largest:
                raise AnswerRefused(f"The answer of {host} is larger than {self._largest} bytes.", host=host)
        if response.length and response.length > 0:
            raise http.client.IncompleteRead(b"", response.length)
        return bytes(found)


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet; what wraps an older address counts as that one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        wrapped = [each for each in (found.ipv4_mapped, found.sixtofour, *(found.teredo or ())) if each is not None]
        if found in _NAT64:
            wrapped.append(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
        if any(not is_public(str(each)) for each in wrapped):
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def is_inner(host: str) -> bool:
    """Whether a host is written as an address that is not public; a name is resolved when it is called."""
    try:
        return not is_public(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_named(hosts: Sequence[str], parts: SplitResult) -> bool:
    """Whether a list of hosts, as settings write them, has the host of an address."""
    host, port = parts.hostname or "", _port(parts)
    return any(_matches(_pattern(each), parts.scheme, host, port) for each in hosts)


def parts_of(url: str) -> SplitResult:
    """Scheme, host, port, path and query of an address that could be called. Raises `AddressRefused`."""
    if any(ord(char) <= 32 or ord(char) == 127 or char == "\\" for char in url):
        raise AddressRefused("The address has a space or another character that has no place in an address.")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 -- a wrong port is found when it is asked for
        ascii_host = (parts.hostname or "").encode("idna").decode().lower()
    except (ValueError, UnicodeError) as error:
        raise AddressRefused("The address is malformed.") from error
    if parts.scheme not in _PORTS or not ascii_host:
        raise AddressRefused("The address must begin with https:// and name a host.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("The address must not hold a user or a password; use the input secret.")
    port = "" if parts.port in {None, _PORTS[parts.scheme]} else f":{parts.port}"
    shown = f"[{ascii_host}]" if ":" in ascii_host else ascii_host
    return SplitResult(parts.scheme, f"{shown}{port}", parts.path, parts.query, "")


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, _port(parts)


def _pattern(text: str) -> tuple[str, str, int]:
    """Scheme, host and port of an entry of OBIEG_HTTP_HOSTS."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "https", text
    host, _, port = rest.rstrip("/").partition(":")
    return scheme, host, int(port) if port.isdecimal() else _PORTS.get(scheme, 443)


def _matches(pattern: tuple[str, str, int], scheme: str, host: str, port: int) -> bool:
    wanted_scheme, wanted, wanted_port = pattern
    is_same = host == wanted or (wanted.startswith("*.") and host.endswith(wanted[1:]) and host != wanted[2:])
    return is_same and scheme == wanted_scheme and port == wanted_port


def _cut(line: socket.socket) -> None:
    """The time is over: whoever still reads hears of it at once; without TLS's own farewell, which could wait."""
    with suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)
