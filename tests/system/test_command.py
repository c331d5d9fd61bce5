"""The command as a process of its own: light start, signals, foreign packages, closed pipes."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
HEAVY = ("numpy", "mesa", "pyarrow", "numba", "pydantic", "matplotlib", "rich.console", "sim")

DRIVER = f"""
import sys, time
sys.path.append({str(TESTS)!r})
import sim, synthetic
from sim.loading import run_id
from sim.version import model_version

class Result(synthetic.FakeResult):
    scenario = None

def run(scenario, on_month=None, threads=1):
    open("started", "w").close()
    for month in range(scenario.months):
        if on_month: on_month(month, scenario.months)
        time.sleep(PAUSE)
    Result.scenario = scenario
    return Result(months=scenario.months, run_id=run_id(scenario, scenario.seed, model_version()))

sim.run = run
from app.main import main
main()
"""


def start(
    directory: Path, *arguments: str, pause: float = 0.0, **options: object
) -> "subprocess.Popen[str]":
    """Start the command line with an invented simulation that rests `pause` seconds a month."""
    (directory / "world.toml").write_text('name = "world"\nmonths = 24\n')
    code = DRIVER.replace("PAUSE", str(pause))
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


def wait_for(path: Path, seconds: float = 60.0) -> None:
    """Wait until a file exists."""
    limit = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_the_command_line_starts_without_heavy_imports() -> None:
    code = f"import sys, app.main; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("after", [0.0, 0.2])
def test_ctrl_c_is_one_sentence_and_leaves_nothing(tmp_path: Path, after: float) -> None:
    process = start(tmp_path, "run", "world.toml", pause=5.0)
    wait_for(tmp_path / "started")
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "nomoat: interrupted; nothing unfinished was kept"
    assert "Traceback" not in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["started", "world.toml"]


def test_files_that_may_not_grow_leave_nothing(tmp_path: Path) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    process = start(tmp_path, "run", "world.toml", "--quiet", preexec_fn=limit)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "file too large; nothing was kept" in errors
    assert list((tmp_path / "outputs").iterdir()) == []


def test_a_foreign_package_of_our_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "__init__.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-c", "from app.main import main; main()", "scenarios"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert f"the package agents is taken from {tmp_path / 'agents'}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_closed_pipe_is_no_error_message(tmp_path: Path) -> None:
    process = start(tmp_path, "params", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    process.wait(timeout=60)
    assert errors == ""


def test_a_terminal_sees_a_bar_that_is_gone_at_the_end(tmp_path: Path) -> None:
    import pty

    (tmp_path / "world.toml").write_text('name = "world"\nmonths = 24\n')
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER.replace("PAUSE", "0.02"), "run", "world.toml", "--no-figure"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
        text=True,
    )
    os.close(slave)
    summary, _ = process.communicate(timeout=60)
    shown = os.read(master, 1 << 20).decode()
    os.close(master)
    assert process.returncode == 0
    assert "of 24 months" in shown
    assert "2024-" in shown
    assert "firms that use a model" in summary
    assert "\x1b" not in summary


def test_json_can_be_read_by_a_script(tmp_path: Path) -> None:
    output, errors = start(tmp_path, "run", "world.toml", "--json").communicate(timeout=60)
    assert errors == ""
    assert json.loads(output)["summary"]["regime"] == "coexistence"


@pytest.mark.system
def test_a_sweep_shows_runs_failures_and_the_time_left(tmp_path: Path) -> None:
    import pty

    (tmp_path / "tiny.toml").write_text(
        'months = 2\nreplicates = 6\n[settings]\n"enterprise.population" = 30\n'
        '[outcomes]\nspend = "spend"\n'
    )
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from app.main import main; main()", "sweep", "run", "tiny.toml",
         "--jobs", "1"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}, text=True,
    )  # fmt: skip
    os.close(slave)
    seen = bytearray()
    with suppress(OSError):  # the terminal's end
        while part := os.read(master, 1 << 16):
            seen += part
    summary, _ = process.communicate(timeout=120)
    os.close(master)
    shown = seen.decode()
    assert process.returncode == 0, shown
    assert "6 of 6 runs" in shown
    assert "a second" in shown
    assert "6 of 6 runs, 6 simulated now" in summary
    assert "\x1b" not in summary
