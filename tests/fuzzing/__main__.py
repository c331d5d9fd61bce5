"""A fuzzer: mutated inputs of every kind, in this process.

    uv run python tests/fuzzing --inputs 20000 --out outputs/fuzz

Every input is accepted or refused in one printable sentence; nothing fails inside, takes more than
ten seconds of processor time, starts a program or writes outside the folder it was given. What was
accepted is listed by kind in `OUT/accepted-KIND.txt`, for a person to look through; what went wrong
in `OUT/findings.txt`, with the seed and number that make the input again. Exits 1 if anything did.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
import traceback
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

import making
import matplotlib.font_manager  # noqa: F401 - it asks a program for fonts when it is imported
from subjects import InternalError, Subject, subjects
from watching import TooSlowError, Watch

from agents.common.caches import user_cache
from app.shell import EXIT_CODES

LONGEST = 2000
"""Characters of a refusal."""


@dataclass
class Found:
    """What came of the inputs of one kind."""

    accepted: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0


def known(error: BaseException) -> bool:
    """Whether an error is one that a command turns into a sentence."""
    return any(kind.__name__ in EXIT_CODES for kind in type(error).__mro__)


def unfit(sentence: str) -> str:
    """What is wrong with a refusal as something to print; empty if nothing is."""
    if not sentence.strip():
        return "an empty refusal"
    if len(sentence) > LONGEST:
        return f"a refusal of {len(sentence):,} characters"
    strange = {c for c in sentence if unicodedata.category(c)[0] == "C" and c not in "\n\t"}
    return f"control characters {sorted(map(ascii, strange))}" if strange else ""


def tried(subject: Subject, place: Path, watch: Watch) -> tuple[str | None, str]:
    """The refusal of an input, None if it is accepted; and what went wrong."""
    refusal: str | None = None
    wrong = ""
    try:
        with watch.on():
            refusal = subject.use(place)
    except TooSlowError:
        wrong = "too slow"
    except InternalError as error:
        wrong = f"internal error: {error}"
    except Exception as error:
        refusal = str(error)
        if not known(error):
            wrong = f"internal error: {traceback.format_exc()[-1500:]}"
    # Commands print their refusals through what cleans them; errors are cleaned when printed.
    wrong = wrong or (unfit(refusal) if refusal is not None else "")
    return refusal, wrong or "; ".join(watch.seen[:3])


def run(subject: Subject, count: int, seed: int, place: Path, watch: Watch) -> Found:
    """Try inputs of one kind."""
    found = Found()
    for number in range(count):
        rng = random.Random(f"{seed} {subject.name} {number}")
        what = subject.make(place, rng)
        began = time.process_time()
        refusal, wrong = tried(subject, place, watch)
        found.slowest = max(found.slowest, time.process_time() - began)
        if wrong:
            found.wrong.append(f"{subject.name} {number}: {what}\n    {wrong}")
        elif refusal is None:
            found.accepted.append(what)
        else:
            found.refused[refusal] += 1
    return found


def main() -> int:
    """Make, try, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000, help="in all, shared among the kinds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default="", help="with commas [all]")
    parser.add_argument("--out", type=Path, required=True, help="where lists are written")
    given = parser.parse_args()
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    # Without a directory of cache to write in, libraries that draw would write elsewhere.
    with tempfile.TemporaryDirectory(prefix="nomoat-fuzz-") as name:
        work = Path(name)
        os.environ["MPLCONFIGDIR"] = str(work / "matplotlib")
        places = making.stored(work / "made")
        kinds = subjects(places)
        chosen = [kinds[one] for one in given.kinds.split(",") if one] or list(kinds.values())
        (work / "here").mkdir()
        os.chdir(work / "here")
        watch = Watch([work / "here", work / "matplotlib", user_cache() or work, Path("/dev/null")])
        shares = sum(one.share for one in chosen)
        results = {
            one.name: run(
                one, -(-given.inputs * one.share // shares), given.seed,
                work / "here" / "input.toml", watch,
            )
            for one in chosen
        }  # fmt: skip
        os.chdir(out)
    return report(results, out)


def report(results: dict[str, Found], out: Path) -> int:
    """Write the lists, print a line a kind; 1 if anything went wrong."""
    for name, found in results.items():
        (out / f"accepted-{name}.txt").write_text("\n".join(found.accepted) + "\n", "utf-8")
        sentences = [f"{count}\t{words}" for words, count in found.refused.most_common()]
        (out / f"refused-{name}.txt").write_text("\n".join(sentences) + "\n", "utf-8")
        print(
            f"{name}: {len(found.accepted)} accepted, {found.refused.total()} refused in "
            f"{len(found.refused)} sentences, {len(found.wrong)} wrong, "
            f"slowest {found.slowest:.1f} s"
        )
    wrong = [one for found in results.values() for one in found.wrong]
    (out / "findings.txt").write_text("\n".join(wrong) + "\n", "utf-8")
    totals = {
        "inputs": sum(len(f.accepted) + f.refused.total() + len(f.wrong) for f in results.values()),
        "wrong": len(wrong),
    }
    (out / "totals.json").write_text(json.dumps(totals), "utf-8")
    for one in wrong[:20]:
        print(one.encode("ascii", "backslashreplace").decode())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
