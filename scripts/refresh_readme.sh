#!/usr/bin/env bash
# Run the README's command and put its output and its figure into the README.
# The run is made in a temporary directory at a width of 100 columns, without colour.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

uv run --quiet nomoat run --months 30 --enterprises 100 --quiet --out "$work/warm"
(cd "$work" && COLUMNS=100 NO_COLOR=1 uv run --quiet --project "$root" nomoat run >excerpt)
mkdir -p docs/images
cp "$work"/outputs/baseline-*/summary.png docs/images/summary.png
uv run --quiet python - README.md "$work/excerpt" docs/images/summary.png <<'PYTHON'
import re
import sys
from pathlib import Path

from PIL import Image

LARGEST = 300_000
readme, excerpt, figure = map(Path, sys.argv[1:])
output = "\n".join(line.rstrip() for line in excerpt.read_text("utf-8").splitlines())
block = f"<!-- excerpt -->\n```console\n$ uv run nomoat run\n{output}\n```\n<!-- excerpt -->"
text, places = re.subn(
    r"<!-- excerpt -->\n.*?<!-- excerpt -->",
    lambda _: block,
    readme.read_text("utf-8"),
    flags=re.DOTALL,
)
if places != 1:
    sys.exit(f"{readme} needs two lines '<!-- excerpt -->', one before and one after the excerpt")
readme.write_text(text, "utf-8")
# 256 colours are enough for lines and areas and keep the repository small.
Image.open(figure).convert("RGB").quantize(256).save(figure, optimize=True)
if figure.stat().st_size > LARGEST:
    sys.exit(f"{figure} is larger than {LARGEST:,} bytes")
PYTHON
