"""The last chapters: method, limits, and where every number is from."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from app.reporting.inputs import KINDS, LOOKED_FOR, MAKERS, Source, Sources
from app.reporting.markup import Markup, table, tag
from app.reporting.section import Section, paragraphs
from experiments.folder import MANIFEST
from experiments.stored import DocumentError, entries, is_directory, read_json
from experiments.sweeps.manifest import refuse_malformed

UNKNOWN: Final = "not recorded"
SIZES: Final = {
    "worlds": "worlds of each kind to compare in", "wide": "of each kind as they are, at most",
    "switched": "worlds with mechanisms switched", "linear": "with the other form of quality",
    "early": "with changes in 2023",
    "draws": "worlds a wave", "waves": "waves", "most": "worlds to 2030 at most",
    "replicates": "runs of each", "enterprises": "enterprises a run",
}  # fmt: skip
"""Words for the sizes of results."""
METHOD: Final = (
    "The model simulates the market for large language models month by month from 2023 to 2030. "
    "Vendors train models, price them, and keep them closed or publish them; hosts serve the open "
    "ones; a weighted sample of enterprises of North America and Europe decides which to use, task "
    "by task, by value, cost, risk and habit. Releases and list prices until the end of 2024 are "
    "those of the record; adoption, shares, money and everything later are results.",
    "Many settings of such a model are known only within a range. So no single setting is trusted: "
    "worlds are drawn over the sourced ranges of all uncertain settings at once, each is simulated "
    "several times with other luck, and those that contradict the key facts of 2023 and 2024 are "
    "ruled out (history matching). What is left are the plausible worlds. A claim is judged by the "
    "share of them in which it holds, with an interval for the limited number of worlds (Wilson, "
    "95%), and beside it the share over all worlds drawn, facts or no facts.",
    "Claims about a change, such as a vendor that opens its models, compare two simulations of the "
    "same world with the same luck, which differ only in that change.",
)
LIMITS: Final = (
    "A share of plausible worlds is not a probability. It depends on the ranges that were drawn "
    "from, many of which are expert judgement; each parameter names its source.",
    "The facts settle little: hardly any setting is pinned by them alone. Where the answer hangs "
    "on a setting that no fact settles, the verdict is “not identified”, which is an answer: the "
    "present evidence does not decide it.",
    "A mechanism that the model lacks cannot show. Buyers are enterprises of North America and "
    "Europe. Worlds differ in settings, not in politics: export controls, rules on where data may "
    "be kept and the like come in only where a scenario or a claim puts them. Vendors are ten of "
    "today and entrants by general rules; who they will be in 2030 nobody knows.",
    "Quality is one number per model and task level. How benefit grows with quality is an "
    "assumption; where a form that never saturates turns an answer round, the claim is not "
    "identified.",
    "Few worlds, few simulated enterprises or few runs per world make wide intervals; the table "
    "below says how many were used.",
)


def method(sources: Sources) -> Section:
    """How results come about, and what they cannot say."""
    body = [*paragraphs(*METHOD), tag("h3", "Limits")]
    body.append(tag("ul", [tag("li", words) for words in LIMITS]))
    ledger = sources.get("ledger")
    if ledger is not None:
        body += untold(ledger.document)
    return Section("method", "Method and limits", body)


def untold(ledger: Mapping[str, Any]) -> list[Markup]:
    """The claims that the model cannot decide, each with the reason."""
    open_ones = [one for one in ledger["claims"] if one["verdict"] == "not identified"]
    if not open_ones:
        return []
    points = [
        tag("li", tag("a", one["id"], href=f"#claim-{one['id']}"), f": {one['reason']}.")
        for one in open_ones
    ]
    title = f"Undecided here: {len(open_ones)} of {len(ledger['claims'])} claims, and why"
    return [tag("h3", title), tag("ul", points, class_="compact")]


def provenance(sources: Sources) -> Section:
    """A row per stored result, and the commands that make those that are not here."""
    rows: list[list[Any]] = []
    for source in sources:
        about = described(source)
        rows.append([
            tag("span", f"[{source.mark}] {KINDS[source.kind]}", id=source.anchor),
            tag("code", source.name), source.written.strftime("%Y-%m-%d %H:%M UTC"),
            tag("code", about["commit"]), tag("code", about["model_version"]),
            about["seed"], about["size"],
        ])  # fmt: skip
    headings = ["result", "folder or file", "written", "commit", "model version", "seed", "size"]
    body = [
        tag("p", "Letters in brackets after numbers lead here. Each result can be shown, checked "
            "and repeated with the program; runs of a folder are named by their run ids there."),
        table(headings, rows, "Stored results that this report quotes"),
    ]  # fmt: skip
    absent = [kind for kind in LOOKED_FOR if sources.get(kind) is None]
    if absent:
        points = [tag("li", f"{KINDS[kind]}: ", tag("code", MAKERS[kind])) for kind in absent]
        body += [tag("p", "Not in this report, and what makes it:"), tag("ul", points)]
    return Section("provenance", "Where every number is from", body)


def described(source: Source) -> dict[str, str]:
    """Commit, model version, seed and size of a stored result; what it does not say reads so."""
    document, beside = source.document, manifest_of(source)
    size = document.get("size")
    words = (
        ", ".join(
            f"{value:,} {SIZES.get(key, key)}"
            for key, value in size.items()
            if key in SIZES and type(value) is int
        )
        if isinstance(size, dict)
        else sized(source)
    )
    seed = document.get("seed", (size or {}).get("seed") if isinstance(size, dict) else None)
    seed = seed if seed is not None else beside.get("identity", {}).get("seed")
    commit = str(document.get("commit") or beside.get("commit") or UNKNOWN)[:12]
    changed = document.get("dirty_diff") or beside.get("dirty_diff")
    return {
        "commit": f"{commit} and changes" if changed else commit,
        "model_version": str(
            document.get("model_version") or beside.get("model_version") or UNKNOWN
        ),
        "seed": seeds(document) if seed is None else str(seed),
        "size": words,
    }


def seeds(document: Mapping[str, Any]) -> str:
    """The seeds of a result that has several."""
    return f"1 to {document['seeds']}" if "seeds" in document else UNKNOWN


def sized(source: Source) -> str:
    """How large a result without a `size` is."""
    document = source.document
    if source.kind == "sweep":
        return f"{document['points']:,} points, {document['replicates']} replicates"
    if source.kind == "validation" and "seeds" in document:
        changed = ", ".join(document["overrides"])
        return f"{document['scenario']}, 2 runs per seed" + (f", with {changed}" if changed else "")
    if source.kind == "game" and "enterprises" in document:
        return f"{document['enterprises']:,} enterprises a run, {document['months']} months"
    if source.kind == "run":
        return f"{document['enterprises']:,} enterprises, {document['months']} months"
    return UNKNOWN


def manifest_of(source: Source) -> dict[str, Any]:
    """The manifest of the first sweep inside a folder: it has the commit that made the runs."""
    for place in entries(source.place):
        # What is no manifest of a sweep is left out; a link inside a stored folder, too.
        with suppress(OSError, DocumentError):
            if is_directory(place):
                found = read_json(place / MANIFEST)
                refuse_malformed(found, str(place))
                return dict(found)
    return {}
