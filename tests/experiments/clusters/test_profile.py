"""Settings of a site: what they may say, where they are read from, who may have written them."""

from pathlib import Path
from typing import Any

import pytest

from experiments.clusters.profile import (
    DaskSettings,
    Profile,
    ProfileError,
    SlurmSettings,
    default_path,
    read,
    seconds_of,
)

HOSTILE = ("a b", "$(id)", "a;b", "a'b", '"', "`id`", "a\nb", "", "a|b", "a&b", "a>b", "ä", "a%b")


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", ["partition", "account", "qos", "time", "mem"])
def test_what_a_shell_could_read_is_refused(name: str, value: str) -> None:
    with pytest.raises(ProfileError, match=f"{name} "):
        SlurmSettings(**{name: value})


@pytest.mark.parametrize("option", ["-x", "--a b", "--wrap=$(id)", "x", "--x=;", "--", "--x\n"])
def test_odd_options_are_refused(option: str) -> None:
    with pytest.raises(ProfileError, match="options are written like"):
        SlurmSettings(options=(option,))


@pytest.mark.parametrize(
    ("field", "value"),
    [("cpus", 0), ("chunk", -1), ("array_limit", 1.5), ("max_in_flight", True), ("minutes", 0),
     ("minutes", "x"), ("submissions", 0), ("setup", ("a\nb",))],
)  # fmt: skip
def test_impossible_numbers_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ProfileError, match=field):
        SlurmSettings(**{field: value})


@pytest.mark.parametrize(
    ("time", "seconds"),
    [("30", 1800), ("2:30", 150), ("1:00:01", 3601), ("2-3", 183_600), ("1-00:30", 88_200),
     ("1-00:00:05", 86_405)],
)  # fmt: skip
def test_times_are_read_as_slurm_reads_them(time: str, seconds: int) -> None:
    assert seconds_of(time) == seconds


@pytest.mark.parametrize("time", ["0", "x", "1h", "-1", "1:2:3:4", "0:00"])
def test_other_times_are_refused(time: str) -> None:
    with pytest.raises(ProfileError, match="time"):
        seconds_of(time)


def written(path: Path, text: str) -> Path:
    """A profile that nobody else may write."""
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_profile_and_what_the_command_line_says_on_top(tmp_path: Path) -> None:
    path = written(
        tmp_path / "site.toml",
        '[slurm]\npartition = "long"\ncpus = 4\nsetup = ["module load python"]\n'
        'options = ["--constraint=avx2"]\n[dask.jobqueue]\nkind = "pbs"\njobs = 3\n',
    )
    profile = read(path)
    assert profile.slurm == SlurmSettings(
        partition="long", cpus=4, setup=("module load python",), options=("--constraint=avx2",)
    )
    assert profile.dask.jobqueue == {"kind": "pbs", "jobs": 3}
    changed = profile.changed({"partition": "short", "cpus": None, "setup": ()}, {})
    assert changed.slurm == SlurmSettings(
        partition="short", cpus=4, setup=("module load python",), options=("--constraint=avx2",)
    )


def test_the_default_profile_need_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert read(None) == Profile()
    default_path().parent.mkdir()
    written(default_path(), "[slurm]\ncpus = 2\n")
    assert read(None).slurm.cpus == 2


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_profile_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "site.toml", "")
    path.chmod(mode)
    with pytest.raises(ProfileError, match=r"others may write .*chmod go-w"):
        read(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [("[slrum]\n", "has slrum; known are slurm and dask"), ("[slurm]\ncpu = 1\n", "has cpu"),
     ("slurm = 1\n", "is not a table"), ("[slurm]\ncpus = 0\n", "cpus must be"),
     ("[dask]\ninsecure = 1\n", "insecure is true or false"), ("[", "cannot be read"),
     ("[dask]\njobqueue = 1\n", "jobqueue is a table")],
)  # fmt: skip
def test_mistakes_in_a_profile_are_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        read(written(tmp_path / "site.toml", text))
    with pytest.raises(ProfileError, match="cannot be read"):
        read(tmp_path / "absent.toml")


def test_dask_settings_are_checked() -> None:
    with pytest.raises(ProfileError, match="scheduler is an address"):
        DaskSettings(scheduler=1)  # type: ignore[arg-type]
