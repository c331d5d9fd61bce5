"""Who may talk to the page: a browser on this machine that came by the address that was printed.

The first address carries a random token, which becomes a strict cookie. Whatever comes without
the cookie, or with a Host or Origin that is not the server's own address, is refused: other users
of the machine and pages of other sites get nothing but a sentence on what to do.
"""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qs, quote

from experiments.escape import for_terminal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE: Final = "nomoat-token"
"""Start of the cookie's name; the port follows, because servers on all ports share cookies."""
TOKEN: Final = "token"
LONGEST: Final = 100
"""Characters of a foreign header that are said back."""


class Guard:
    """An ASGI application around another that lets only the printed address in."""

    def __init__(self, app: App, host: str, port: int, token: str) -> None:
        """app: what is guarded. host, port: where it listens. token: the secret of this start."""
        self._app, self._token, self._port = app, token, port
        self._cookie = f"{COOKIE}-{port}"
        self._hosts = (f"{host}:{port}", f"localhost:{port}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, answer it with a cookie, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope)
        if headers.get("host") not in self._hosts:
            await refuse(scope, send, self._other_host(headers.get("host", "")))
        elif headers.get("origin") not in (None, *(f"http://{host}" for host in self._hosts)):
            await refuse(scope, send, self._other_origin(headers["origin"]))
        elif scope["type"] == "http" and self._has_token(scope):
            await self._admit(scope, send)
        elif not self._has_cookie(headers):
            await refuse(scope, send, self._unknown())
        else:
            await self._app(scope, receive, send)

    def _other_host(self, host: str) -> str:
        return (
            f"This page answers to {' and '.join(self._hosts)} on its own machine only, not to "
            f"{said(host) or 'a request that names no host'}. Through a tunnel, take the same port "
            f"on both sides: ssh -L {self._port}:127.0.0.1:{self._port} HOST, with the port chosen "
            "by nomoat ui --port; then open the address that nomoat ui printed."
        )

    def _other_origin(self, origin: str) -> str:
        return f"This page answers to its own pages only, not to those of {said(origin)}."

    def _unknown(self) -> str:
        return (
            "This browser has not come by the address that nomoat ui printed when it was started, "
            f"http://{self._hosts[0]}/?{TOKEN}=... : open that first, then this link. Each start "
            "has a new token and, without --port, a new port: an older link works again once the "
            "server runs on its port and the new address was opened. A link that is followed from "
            "another site is refused, too: copy it into the address bar."
        )

    def _has_token(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get(TOKEN, [""])[0]
        return self._is_secret(given)

    def _has_cookie(self, headers: MutableMapping[str, str]) -> bool:
        """Whether any cookie is ours, whatever other programs on this machine call or put in
        theirs: all of them come in one header.
        """
        pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
        return any(self._is_secret(text) for name, _, text in pairs if name == self._cookie)

    def _is_secret(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._token.encode())

    async def _admit(self, scope: Scope, send: Send) -> None:
        """Turn the token into a cookie and drop it from the address."""
        query = scope["query_string"].decode("latin-1").split("&")
        rest = "&".join(part for part in query if not part.startswith(f"{TOKEN}="))
        path = quote(f"/{scope['path'].lstrip('/')}")
        target = path + (f"?{rest}" if rest else "")
        cookie = f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"
        headers = [(b"location", target.encode("latin-1")), (b"set-cookie", cookie.encode())]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers by name; cookies in several headers as one."""
    found: dict[str, str] = {}
    for raw, text in scope["headers"]:
        name, value = raw.decode("latin-1"), text.decode("latin-1")
        found[name] = f"{found[name]}; {value}" if name == "cookie" and name in found else value
    return found


def said(header: str) -> str:
    """A foreign header, short and without control characters."""
    return for_terminal(header[:LONGEST])


async def refuse(scope: Scope, send: Send, reason: str) -> None:
    """Answer 403, or close a socket before it opens."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": f"{reason}\n".encode()})
