"""Who may talk to the page: a browser on this machine that came by the address that was printed.

The first address carries a random token, which becomes a strict cookie. Whatever comes without
the cookie, or with a Host or Origin that is not the server's own address, is refused: other users
of the machine and pages of other sites get nothing.
"""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE: Final = "nomoat-token"
TOKEN: Final = "token"


class Guard:
    """An ASGI application around another that lets only the printed address in."""

    def __init__(self, app: App, host: str, port: int, token: str) -> None:
        """app: what is guarded. host, port: where it listens. token: the secret of this start."""
        self._app, self._token = app, token
        self._hosts = {f"{host}:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, answer it with a cookie, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        if not self._is_own(headers):
            await refuse(scope, send, b"this page is for this machine only")
        elif scope["type"] == "http" and self._has_token(scope):
            await self._admit(scope, send)
        elif not self._has_cookie(headers):
            await refuse(scope, send, b"open the address that nomoat ui printed")
        else:
            await self._app(scope, receive, send)

    def _is_own(self, headers: MutableMapping[str, str]) -> bool:
        origin = headers.get("origin")
        own = {f"http://{host}" for host in self._hosts}
        return headers.get("host") in self._hosts and (origin is None or origin in own)

    def _has_token(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get(TOKEN, [""])[0]
        return secrets.compare_digest(given.encode(), self._token.encode())

    def _has_cookie(self, headers: MutableMapping[str, str]) -> bool:
        cookies = SimpleCookie(headers.get("cookie", ""))
        given = cookies[COOKIE].value if COOKIE in cookies else ""
        return secrets.compare_digest(given.encode(), self._token.encode())

    async def _admit(self, scope: Scope, send: Send) -> None:
        """Turn the token into a cookie and drop it from the address."""
        query = scope["query_string"].decode("latin-1").split("&")
        rest = "&".join(part for part in query if not part.startswith(f"{TOKEN}="))
        target = scope["path"] + (f"?{rest}" if rest else "")
        cookie = f"{COOKIE}={self._token}; Path=/; HttpOnly; SameSite=Strict"
        headers = [(b"location", target.encode("latin-1")), (b"set-cookie", cookie.encode())]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def refuse(scope: Scope, send: Send, reason: bytes) -> None:
    """Answer 403, or close a socket before it opens."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": reason})
