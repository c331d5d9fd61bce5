"""The checks of `nomoat doctor`, each seen failing."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import checks
from app.main import app


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


def test_a_sound_machine_has_a_line_for_each_check() -> None:
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 0, done.output
    assert all(name in done.stdout for name, _ in checks.CHECKS)


@pytest.mark.parametrize(
    ("check", "name", "value", "status"),
    [
        (checks.python, "OLDEST_PYTHON", (9, 0), "failed"),
        (checks.packages, "found", lambda _: "missing", "failed"),
        (checks.shadowing, "shadows", lambda: {"agents": "/elsewhere"}, "failed"),
        (checks.cache, "private_directory", lambda *_: None, "warning"),
        (checks.disk, "NO_DISK", 1 << 80, "failed"),
        (checks.disk, "TIGHT_DISK", 1 << 80, "warning"),
        (checks.memory, "available_memory", lambda: 1, "failed"),
        (checks.processor, "cpu_level", lambda: "generic", "warning"),
        (checks.compilation, "inline_kernel", lambda _: lambda _: 0, "failed"),
    ],
)
def test_each_check_can_fail_and_names_the_fix(
    check: object, name: str, value: object, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(check)
    assert check().status == "ok"
    monkeypatch.setattr(checks, name, value)
    found = check()
    assert found.status == status
    assert found.fix


def test_an_unwritable_place_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(checks, "OUTPUTS", tmp_path / "file")
    assert checks.outputs().status == "failed"


def test_what_a_killed_run_left_is_named(tmp_path: Path) -> None:
    (tmp_path / "outputs" / ".world-1.partial-77").mkdir(parents=True)
    found = checks.outputs()
    assert found.status == "warning"
    assert ".world-1.partial-77" in found.detail


def test_a_failure_is_exit_code_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> checks.Check:
        raise RuntimeError("[red]no")

    monkeypatch.setattr(checks, "CHECKS", (("broken", broken),))
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 3
    assert "RuntimeError: [red]no" in done.stdout
