"""The whole page: chapters in one HTML file that loads nothing and runs nothing."""

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Final

from app.reporting.drawing import dark_rules
from app.reporting.inputs import Sources
from app.reporting.markup import Markup, tag
from app.reporting.section import Section, cited
from app.reporting.words import VERDICTS, so_many, used, why_undecided, worlds_called

GENERATOR: Final = "nomoat report"
TITLE: Final = "Open or closed language models: what holds, what fails, what nobody can tell"
SUBTITLE: Final = (
    "A simulated market of open and closed language models from 2023 to 2030, run over many "
    "settings instead of one: which claims of the debate hold in it, and under which conditions."
)


def page(title: str, date: str, sources: Sources, sections: Sequence[Section]) -> str:
    """The report as an HTML document. date: as it is printed."""
    style = style_sheet()
    body = [heading(title, date, sources), contents(sections)]
    body += [chapter(section) for section in sections]
    foot = f"Made by nomoat on {date}. All numbers are results of simulations or quoted facts."
    body.append(tag("footer", foot))
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy(style)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="generator", content=GENERATOR),
        tag("title", title),
        tag("style", Markup(style)),
    ]
    whole = tag("html", tag("head", head), tag("body", tag("main", body)), lang="en")
    return f"<!doctype html>\n{whole}\n"


def style_sheet() -> str:
    """All style rules of the page; no other style is let in."""
    text = resources.files("app.reporting").joinpath("style.css").read_text("utf-8")
    return f"{text}@media screen and (prefers-color-scheme: dark) {{{dark_rules()}}}\n"


def policy(style: str) -> str:
    """The content security policy: nothing is loaded or run, this one style sheet counts."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def heading(title: str, date: str, sources: Sources) -> Markup:
    """Title, date, what it is made of, and the verdicts in numbers."""
    parts = [
        tag("h1", title),
        tag("p", SUBTITLE, class_="subtitle"),
        tag("p", date, " · ", made_of(sources), class_="quiet"),
    ]
    ledger = sources.get("ledger")
    if ledger is not None:
        claims = ledger.document["claims"]
        tiles = [
            tag(
                "li",
                tag("strong", f"{sum(entry['verdict'] == verdict for entry in claims)}"),
                tag("span", f"{sign} {verdict}"), class_=kind,
            )
            for verdict, (kind, sign) in VERDICTS.items()
        ]  # fmt: skip
        words = (
            f"Verdicts on {len(claims)} claims, over up to "
            f"{so_many(used(ledger.document), worlds_called(ledger.document))} each"
        )
        parts += [tag("p", words, cited(ledger), class_="quiet"), tag("ul", tiles, class_="tiles")]
        parts.append(tag("p", why_undecided(claims)))
    return tag("header", parts)


def made_of(sources: Sources) -> Markup:
    """The stored results of the report, in a line."""
    links = [
        tag("a", source.name, href=f"#{source.anchor}") for source in sources
    ]  # fmt: skip
    joined = [part for link in links for part in (Markup(", "), link)][1:]
    return tag("span", "from ", joined)


def contents(sections: Sequence[Section]) -> Markup:
    """Links to all chapters."""
    items = [tag("li", tag("a", one.title, href=f"#{one.name}")) for one in sections]
    return tag("nav", tag("ul", items), aria_label="Contents")


def chapter(section: Section) -> Markup:
    """A chapter under its title."""
    title = tag("h2", section.title, id=f"{section.name}-title")
    return tag(
        "section", title, section.body, id=section.name, aria_labelledby=f"{section.name}-title"
    )
