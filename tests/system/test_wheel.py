"""The wheel alone, and with each extra alone, in an environment of its own far from the sources."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sweeping
import tomli_w

ROOT = Path(__file__).resolve().parents[2]
UV = os.environ.get("UV") or shutil.which("uv") or "uv"
READING = (
    "claims list",
    "claims show C05 --reference",
    "report --reference --out page.html",
    "sweep show small",
    "sweep run q4-kind --dry-run",
    "scenarios",
    "params choice.theta",
)
CALIBRATE = (
    "calibrate --over choice.theta --trials 2 --seeds 1 --enterprises 60 --confirm 0 --jobs 1"
)


@dataclass
class Installed:
    """An environment with the wheel, and a directory to work in.

    The wheel stays where it is while extras come and go, so that the model is compiled once.
    """

    wheel: Path
    venv: Path
    place: Path

    def uv(self, *words: str) -> str:
        """What uv says of this environment."""
        command = [UV, "pip", words[0], "--quiet", "--python", str(self.venv), *words[1:]]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        return done.stdout

    def call(self, program: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """A program of the environment, in the directory."""
        hidden = {"PYTHONPATH", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"}
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        return subprocess.run(
            [self.venv / "bin" / program, *words], cwd=self.place, env=environment, check=False,
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip

    def nomoat(self, command: str, code: int = 0) -> str:
        """What a command of ours prints, on both streams."""
        done = self.call("nomoat", *command.split())
        assert done.returncode == code, f"{command}: {done.stderr or done.stdout}"
        return done.stdout + done.stderr

    @contextmanager
    def extra(self, name: str) -> Iterator[None]:
        """The environment with one extra."""
        before = self.uv("freeze").splitlines()
        self.uv("install", f"nomoat[{name}] @ {self.wheel.as_uri()}")
        try:
            yield
        finally:
            found = [line for line in self.uv("freeze").splitlines() if line not in before]
            names = [line.partition("==")[0].partition(" @ ")[0] for line in found]
            self.uv("uninstall", *(one for one in names if one != "nomoat"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    root = tmp_path_factory.mktemp("wheel")
    made = [UV, "build", "--quiet", "--wheel", "--out-dir", str(root)]
    subprocess.run(made, cwd=ROOT, check=True)
    subprocess.run([UV, "venv", "--quiet", str(root / "venv")], cwd=ROOT, check=True)
    (root / "elsewhere").mkdir()
    (root / "elsewhere" / "small.toml").write_text(tomli_w.dumps(dict(sweeping.TINY)))
    (wheel,) = root.glob("*.whl")
    found = Installed(wheel, root / "venv", root / "elsewhere")
    found.uv("install", str(wheel))
    found.nomoat("run --months 3 --enterprises 200 --quiet --out run")
    found.nomoat("sweep run small.toml --quiet --jobs 1 --out small")
    return found


@pytest.mark.system
def test_the_wheel_alone_runs_and_reads(installed: Installed) -> None:
    assert (installed.place / "run" / "market.parquet").is_file()
    for command in READING:
        assert "No module" not in installed.nomoat(command)
    for command in (CALIBRATE, "claims run"):
        assert "uv sync --extra analysis" in installed.nomoat(command, code=3)


@pytest.mark.soak
def test_analysis_alone(installed: Installed) -> None:
    with installed.extra("analysis"):
        installed.nomoat(CALIBRATE)
        installed.nomoat("analyze small")
        installed.nomoat("sweep run screening --dry-run")


@pytest.mark.soak
def test_ui_alone(installed: Installed) -> None:
    page = "import app.browser.page, app.browser.serve, app.browser.mesa_page"
    with installed.extra("ui"):
        done = installed.call("python", "-c", page)
        assert done.returncode == 0, done.stderr


@pytest.mark.soak
def test_engines_alone(installed: Installed) -> None:
    with installed.extra("dask"):
        installed.nomoat("sweep run small.toml --engine dask --jobs 1 --quiet --out dask")
    with installed.extra("jobqueue"):
        done = installed.call(
            "python", "-c", "import dask_jobqueue, experiments.clusters.dask_engine"
        )
        assert done.returncode == 0, done.stderr
    with installed.extra("mpi"):
        said = installed.nomoat("sweep run small.toml --engine mpi --out mpi", code=3)
        assert "internal error" not in said
