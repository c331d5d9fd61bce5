"""Settings of a site: what they may say, where they are read from, who may have written them."""

from pathlib import Path
from typing import Any

import pytest

from agents.common.caches import private_directory
from app.cluster_checks import profile
from experiments.clusters.profile import (
    DaskSettings,
    Profile,
    ProfileError,
    SlurmSettings,
    default_path,
    read,
    seconds_of,
)
from experiments.clusters.rounds import Array, Round
from experiments.clusters.slurm_client import command, job_script, options

HOSTILE = ("a b", "$(id)", "a;b", "a'b", '"', "`id`", "a\nb", "", "a|b", "a&b", "a>b", "ä", "a%b")


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", ["partition", "account", "qos", "time", "mem"])
def test_what_a_shell_could_read_is_refused(name: str, value: str) -> None:
    with pytest.raises(ProfileError, match=f"{name} "):
        SlurmSettings(**{name: value})


@pytest.mark.parametrize(
    "option",
    ["-x", "--a b", "--wrap=$(id)", "x", "--x=;", "--", "--x\n", "--x= a", "--x=a ", "--x=a  b",
     "--x=a\tb", "--x=a 'b'", "--x=a `b`", "--x=a\nb", 5, ("--x",), None],
)  # fmt: skip
def test_odd_options_are_refused(option: Any) -> None:
    with pytest.raises(ProfileError, match="options are written like"):
        SlurmSettings(options=(option,))


@pytest.mark.parametrize(
    ("option", "reason"),
    [("--array=0-9", "--array: chunks"), ("--arr=0-9", "--array, for which Slurm may take --arr"),
     ("--output=x", "--output: logs"), ("--error=x", "--error: logs"), ("--job-name=x", "found"),
     ("--job=x", "--job-name, for which"), ("--parsable", "number"), ("--requeue", "start again"),
     ("--no-requeue", "start again"), ("--no-r", "--no-requeue, for"), ("--open-mode=truncate", ""),
     ("--signal=USR1", "told in time"), ("--wrap=true", "script"), ("--time=5", "set it by time"),
     ("--ti=5", "--time, for"), ("--ntasks=4", "one task"), ("--cpus-per-task=2", "by cpus"),
     ("--export=NONE", "setup"), ("--wait", "at once"), ("--test-only", "submitted")],
)  # fmt: skip
def test_options_that_the_program_gives_itself_are_refused(option: str, reason: str) -> None:
    with pytest.raises(ProfileError, match=f"options cannot have .*{reason}"):
        SlurmSettings(options=("--exclusive", option))


def test_no_option_that_is_given_may_be_overridden() -> None:
    one = Round(Path("sweep/rounds/1"), [], [], "abc")
    words = command(one, Array("x", 0, 3), SlurmSettings(), 900, 60)
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    for option in given - {"--mem"}:
        with pytest.raises(ProfileError, match="options cannot have"):
            SlurmSettings(options=(f"{option}=x",))


@pytest.mark.parametrize("field", ["partition", "account", "qos"])
def test_an_option_and_a_setting_of_one_thing_are_refused(field: str) -> None:
    options = (f"--{field}=long",)
    assert SlurmSettings(options=options).options == options
    with pytest.raises(ProfileError, match=f"options have .* and {field} = 'short'; keep one"):
        SlurmSettings(options=options, **{field: "short"})


@pytest.mark.parametrize(
    "option", ["--exclusive", "--time-min=5", "--ntasks-per-core=1", "--wait-all-nodes=1",
               "--gres=gpu:1", "--nodelist=n1", "--mail-type=END", "--tmp=5"]
)  # fmt: skip
def test_other_options_are_taken(option: str) -> None:
    assert SlurmSettings(options=(option,)).options == (option,)


@pytest.mark.parametrize("option", ["--comment=two words", "--constraint=[a*2 b]", "--x=a b c-d"])
def test_an_option_may_hold_single_blanks(option: str) -> None:
    assert SlurmSettings(options=(option,)).options == (option,)


@pytest.mark.parametrize(
    ("field", "value"),
    [("cpus", 0), ("chunk", -1), ("array_limit", 1.5), ("max_in_flight", True), ("minutes", 0),
     ("minutes", "x"), ("minutes", True), ("minutes", 1e300), ("minutes", float("nan")),
     ("minutes", 10**400), ("submissions", 0), ("cpus", 10**400), ("cpus", "4"), ("chunk", 2.0),
     ("setup", ("a\nb",)), ("setup", ("a\rb",)), ("setup", "module load python"), ("setup", 5),
     ("setup", (5,)), ("options", 5), ("options", "--exclusive"), ("mem", "lots"), ("mem", True),
     ("mem", 4096), ("mem", "4 G"), ("mem", "-1"), ("mem", "NONE"), ("time", 30), ("time", True),
     ("partition", 3), ("account", True), ("qos", ["a"]), ("partition", "x" * 201)],
)  # fmt: skip
def test_impossible_values_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ProfileError, match=field):
        SlurmSettings(**{field: value})


@pytest.mark.parametrize(
    ("time", "seconds"),
    [("30", 1800), ("2:30", 150), ("1:00:01", 3601), ("2-3", 183_600), ("1-00:30", 88_200),
     ("1-00:00:05", 86_405)],
)  # fmt: skip
def test_times_are_read_as_slurm_reads_them(time: str, seconds: int) -> None:
    assert seconds_of(time) == seconds


@pytest.mark.parametrize("time", ["0", "x", "1h", "-1", "1:2:3:4", "0:00", "9" * 5000, "３０"])
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
        'options = ["--constraint=avx2"]\n[dask.jobqueue]\nkind = "pbs"\njobs = 3\n'
        'interface = "ib0"\n',
    )
    profile = read(path)
    assert profile.slurm == SlurmSettings(
        partition="long", cpus=4, setup=("module load python",), options=("--constraint=avx2",)
    )
    assert profile.dask.jobqueue == {"kind": "pbs", "jobs": 3, "interface": "ib0"}
    changed = profile.changed({"partition": "short", "cpus": None, "setup": ()}, {})
    assert changed.slurm == SlurmSettings(
        partition="short", cpus=4, setup=("module load python",), options=("--constraint=avx2",)
    )


def test_the_default_profile_need_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert read(None) == Profile()
    place = default_path()
    assert place is not None
    place.parent.mkdir()
    written(place, "[slurm]\ncpus = 2\n")
    assert read(None).slurm.cpus == 2


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_profile_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "site.toml", "")
    path.chmod(mode)
    with pytest.raises(ProfileError, match=r"others may write .*chmod go-w"):
        read(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [("[slrum]\n", "line 1: there is no field 'slrum'; did you mean slurm"),
     ("[slurm]\ncpu = 1\n", "line 2: slurm: there is no field 'cpu'; did you mean cpus"),
     ("slurm = 1\n", "slurm must be a table"), ("[slurm]\ncpus = 0\n", "line 2: slurm: cpus must"),
     ("[slurm]\n\nsetup = 5\n", "line 3: slurm: setup must be a shell line in quotes or a list"),
     ("[slurm]\nsetup = [5]\n", "setup must be a shell line"),
     ("[slurm]\nsetup = true\n", "setup must be a shell line"),
     ("[slurm]\nsetup = {a = 1}\n", "setup must be a shell line"),
     ("[slurm]\nsetup = 2024-01-01\n", "setup must be a shell line"),
     ('[slurm]\nsetup = """a\nb"""\n', "each without line breaks"),
     ("[slurm]\noptions = 5\n", "options must be one option in quotes or a list"),
     ("[slurm]\noptions = [[]]\n", "options are written like"),
     ('[slurm]\nmem = "lots"\n', "line 2: slurm: mem is written like 4G or 500M, or .none."),
     ("[slurm]\nmem = 4\n", "mem takes letters, digits .* not 4"),
     ("[slurm]\nminutes = 1e300\n", "minutes must be a number above 0, up to 525,600"),
     ("[slurm]\nminutes = true\n", "minutes must be a number .* not true"),
     ("[slurm]\nminutes = nan\n", "minutes must be a number .* not nan"),
     ('[slurm]\nmem = "2G"\noptions = ["--mem-per-cpu=2G"]\n', "both set memory; keep one"),
     ("[dask]\ninsecure = 1\n", "insecure is true or false"),
     ("[", "not valid TOML in line 1, column 2"), ("a = " + "[" * 2000, "nested too deep"),
     ("slurm.cpus = " + "9" * 5000, "a number in line 1 has 5,000 characters"),
     ("slurm" + ".a" * 50_000 + " = 1", "the key in line 1"),
     ("[dask]\njobqueue = 1\n", "jobqueue is a table"),
     ("[dask.jobqueue]\nkind = ['pbs']\n", "jobqueue.kind is one of slurm, pbs, lsf, sge"),
     ("[dask.jobqueue]\nkind = 'Pbs'\n", "jobqueue.kind is one of"),
     ("[dask.jobqueue]\nkind = 'pbs'\njobs = true\n", "jobqueue.jobs must be a whole number"),
     ("[dask.jobqueue]\nkind = 'pbs'\njobs = 3\n", "jobqueue.interface must be the network")],
)  # fmt: skip
def test_mistakes_in_a_profile_are_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path / "site.toml", text)
    with pytest.raises(ProfileError, match=words) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).isprintable()


def test_a_profile_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for name in ("absent.toml", "a\0b", "."):
        with pytest.raises(ProfileError, match=r"cannot be read|others may write"):
            read(tmp_path / name)


@pytest.mark.parametrize(
    ("setup", "lines"),
    [
        ('"module load python/3.12"', ("module load python/3.12",)),
        ('["module load a", "export B=c"]', ("module load a", "export B=c")),
        ('""', ("",)),
        ("[]", ()),
    ],
)
def test_setup_is_one_line_or_a_list(tmp_path: Path, setup: str, lines: tuple[str, ...]) -> None:
    text = f"[slurm]\nsetup = {setup}\noptions = '--exclusive'\n"
    settings = read(written(tmp_path / "site.toml", text)).slurm
    assert (settings.setup, settings.options) == (lines, ("--exclusive",))
    script = job_script(settings, "-m", "x").splitlines()
    assert script[1:-1] == list(lines)


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(b"\xef\xbb\xbf[slurm]\r\ncpus = 2\r\n")
    path.chmod(0o600)
    assert read(path).slurm.cpus == 2


def test_a_user_without_a_home_directory_has_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert default_path() is None
    assert read(None) == Profile()
    assert profile(None).status == "ok"
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert private_directory("numba") is None


def memory_of(**settings: Any) -> list[str]:
    """What a submission asks of memory."""
    chosen = SlurmSettings(**settings)
    words = [*options(chosen, 900), *chosen.options]
    return [word for word in words if word.startswith("--mem")]


def test_memory_is_asked_for_once_or_not_at_all() -> None:
    assert memory_of() == ["--mem=900M"]
    assert memory_of(mem="4G") == ["--mem=4G"]
    assert memory_of(mem="0") == ["--mem=0"]
    assert memory_of(mem="none") == []
    for option in ("--mem-per-cpu=2G", "--mem-per-gpu=8G", "--mem=1G", "--mem-per-c=2G"):
        assert memory_of(options=(option,)) == [option]
        assert memory_of(options=(option,), mem="none") == [option]
        with pytest.raises(ProfileError, match="both set memory; keep one"):
            SlurmSettings(options=(option,), mem="4G")
    assert memory_of(options=("--mem-bind=local",)) == ["--mem=900M", "--mem-bind=local"]


def test_dask_settings_are_checked() -> None:
    with pytest.raises(ProfileError, match="scheduler is an address"):
        DaskSettings(scheduler=1)  # type: ignore[arg-type]
