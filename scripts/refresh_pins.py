"""Pin every package the project can pull in, all groups and extras, and those that build it.

`uv run scripts/refresh_pins.py` resolves the requirements of pyproject.toml anew, without the
present pins, and rewrites the block between the two marker comments. `--check` changes nothing:
it exits 1 where what the resolver takes today is not what the block pins.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
BEGIN = "# pins: begin (written by scripts/refresh_pins.py)"
END = "# pins: end"
BLOCK = re.compile(f"{re.escape(BEGIN)}\n(.*?){re.escape(END)}", re.DOTALL)
PLAIN = ("--no-annotate", "--no-header", "--quiet")
EDITABLE = "editables"
"""What hatchling asks for besides its own requirements when it installs in place."""


def main() -> int:
    """Rewrite or check the block; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    text = PYPROJECT.read_text(encoding="utf-8")
    if parser.parse_args().check:
        return report(text, block(used(text), build_pins(text, pins_of(text))))
    PYPROJECT.write_text(replaced(text, block(used(without(text)), build_pins(text))), "utf-8")
    return 0


def report(text: str, fresh: str) -> int:
    """Print the lines in which the present block and the fresh one differ."""
    found = BLOCK.search(text)
    present = set(found[1].splitlines()) if found else set()
    differing = present ^ set(fresh.splitlines())
    for line in sorted(differing):
        print(f"{'pinned' if line in present else 'used  '} {line.strip()}", file=sys.stderr)
    return 1 if differing else 0


def used(text: str) -> list[str]:
    """The exact versions that the resolver takes for this pyproject.toml."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / PYPROJECT.name).write_text(text, "utf-8")
        groups = ("--all-groups", "--all-extras", "--no-hashes", "--no-emit-project")
        return pins(uv(directory, "export", *groups, *PLAIN))


def build_pins(text: str, constraints: Iterable[str] = ()) -> list[str]:
    """The exact versions of the build backend and of what it needs in turn."""
    wanted = [*tomllib.loads(text)["build-system"]["requires"], EDITABLE]
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        (place / "wanted.txt").write_text("\n".join(wanted), "utf-8")
        (place / "limits.txt").write_text("\n".join(constraints), "utf-8")
        files = ("wanted.txt", "--constraints", "limits.txt")
        return pins(uv(directory, "pip", "compile", *files, "--universal", *PLAIN))


def pins_of(text: str) -> list[str]:
    """The present pins of the build."""
    pinned: list[str] = tomllib.loads(text)["tool"]["uv"].get("build-constraint-dependencies", [])
    return pinned


def uv(directory: str, *arguments: str) -> str:
    """Standard output of a uv command; its complaints go to the terminal."""
    done = subprocess.run(
        [os.environ.get("UV", "uv"), *arguments],
        cwd=directory,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout


def pins(listing: str) -> list[str]:
    """Lines `name==version`, sorted; with their marker where a package has several versions."""
    lines = [line.strip() for line in listing.splitlines() if "==" in line.partition(";")[0]]
    names = [line.partition("==")[0] for line in lines]
    return sorted(
        line if names.count(name) > 1 else line.partition(";")[0].strip()
        for name, line in zip(names, lines, strict=True)
    )


def block(packages: list[str], build: list[str]) -> str:
    """The text between the markers."""
    return array("constraint-dependencies", packages) + array(
        "build-constraint-dependencies", build
    )


def array(name: str, items: list[str]) -> str:
    """A TOML array of strings, one a line."""
    rows = "".join(f'  "{item}",\n' for item in items)
    return f"{name} = [\n{rows}]\n"


def without(text: str) -> str:
    """The project file with an empty block."""
    return replaced(text, "")


def replaced(text: str, content: str) -> str:
    """The project file with other content between the markers; SystemExit if they are missing."""
    if not BLOCK.search(text):
        raise SystemExit(f"{PYPROJECT.name} lacks the line '{BEGIN}' or '{END}'")
    return BLOCK.sub(lambda _: f"{BEGIN}\n{content}{END}", text)


if __name__ == "__main__":
    sys.exit(main())
