"""Who is let in to the page beside other programs on this machine, and what the others are told."""

import asyncio
from typing import Any

import pytest

from app.browser.guard import COOKIE, Guard

OWN = "127.0.0.1:8765"
OURS = f"{COOKIE}-8765=secret"


def ask(*headers: tuple[str, str], query: str = "", path: str = "/") -> tuple[Any, str, str]:
    """Status, text and place to go of a guarded application's answer; None if let in."""
    sent: list[Any] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        sent.append({"status": None})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "path": path, "query_string": query.encode(),
        "headers": [(name.encode(), text.encode("latin-1")) for name, text in headers],
    }  # fmt: skip
    asyncio.run(Guard(inner, "127.0.0.1", 8765, "secret")(scope, None, send))  # type: ignore[arg-type]
    place = dict(sent[0].get("headers", [])).get(b"location", b"").decode()
    return sent[0]["status"], sent[-1].get("body", b"").decode(), place


@pytest.mark.parametrize(
    "others",
    [
        '{}; {"theme": "dark", "n": [1, 2]}; {}',
        'state={"a":1,"b":"x y"}; {}',
        "{}; bad name=1; ==; ;;",
        'a="unclosed; {}; b=é',
        "{}; " + "x" * 5000,
        f"{COOKIE}-8765=guess; {{}}",
        f"{COOKIE}=of-an-older-release; {COOKIE}-8766=of-another-port; {{}}",
    ],
)
def test_no_cookie_of_another_program_hides_ours(others: str) -> None:
    assert ask(("host", OWN), ("cookie", others.replace("{}", OURS)))[0] is None
    without = others.replace("{}", "a=b")
    assert ask(("host", OWN), ("cookie", without))[0] == 403
    assert ask(("host", OWN), ("cookie", without), ("cookie", OURS))[0] is None


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost:9000", "box.example", "[::1]:8765"])
def test_a_tunnel_with_another_port_is_told_what_to_do(host: str) -> None:
    status, text, _ = ask(("host", host), ("cookie", OURS))
    assert status == 403
    assert f"not to {host}." in text
    assert "ssh -L 8765:127.0.0.1:8765 HOST" in text
    assert "secret" not in text


def test_what_is_said_of_a_foreign_header_is_short_and_harmless() -> None:
    text = ask(("host", "\x1b[2J" + "x" * 5000))[1]
    assert "\x1b" not in text
    assert len(text) < 600
    assert "names no host" in ask(("cookie", OURS))[1]
    status, text, _ = ask(("host", OWN), ("origin", "http://evil.example"), ("cookie", OURS))
    assert status == 403
    assert "not to those of http://evil.example" in text


def test_a_link_of_an_earlier_start_is_told_what_to_do() -> None:
    status, text, _ = ask(("host", OWN), query="scenario=baseline")
    assert status == 403
    assert f"http://{OWN}/?token=" in text
    assert "--port" in text
    assert "secret" not in text


@pytest.mark.parametrize("path", ["/", "//evil.example/", "/a b", "/é"])
def test_the_token_leads_to_a_place_on_this_server_only(path: str) -> None:
    status, _, place = ask(("host", OWN), query="token=secret&scenario=baseline", path=path)
    assert status == 303
    assert place.startswith("/")
    assert not place.startswith("//")
    assert place.endswith("?scenario=baseline")
    assert place.isascii()
