"""The checks of `nomoat doctor --engine slurm`: commands, controller, profile, one tiny job."""

import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from agents.common.compiled import cpu_level
from app.checks import FAILED, GOOD, WARNING, Check, Checks, existing
from experiments.clusters import profile as profiles
from experiments.clusters import slurm_client as client
from experiments.clusters.profile import SlurmSettings
from experiments.clusters.rounds import tail_of
from experiments.clusters.slurm_client import ClusterError, Element
from experiments.folder import OUTPUTS
from sim.version import model_version

JOB_SECONDS: Final = 180.0
"""How long the job is waited for."""
JOB_MB: Final = 500
VISIBLE_SECONDS: Final = 60.0
"""Until what a node wrote is seen here: network file systems remember what was not there."""


def slurm_checks(settings: SlurmSettings, path: Path | None) -> Checks:
    """The checks by name; path: of the profile, if it is not the default one."""
    return (
        ("commands", commands),
        ("controller", controller),
        ("profile", lambda: profile(path)),
        ("job", lambda: job(settings)),
    )


def commands() -> Check:
    """Slurm's commands are on this machine."""
    if absent := client.missing():
        return Check(FAILED, f"missing: {', '.join(absent)}", "run it on a login node")
    return Check(GOOD, ", ".join(client.COMMANDS))


def controller() -> Check:
    """The controller answers and takes arrays."""
    try:
        most = client.largest_array()
    except ClusterError as error:
        return Check(FAILED, str(error), "ask the site whether its controller is up")
    return Check(GOOD, f"it answers; arrays of up to {most:,} jobs")


def profile(path: Path | None) -> Check:
    """The settings can be read."""
    place = path or profiles.default_path()
    profiles.read(path)
    if place is None:
        return Check(GOOD, "none, as this user has no home directory: the site's defaults")
    return Check(GOOD, str(place) if place.exists() else f"none at {place}: the site's defaults")


def job(settings: SlurmSettings, patience: float = JOB_SECONDS) -> Check:
    """A job starts, finds the program and the same model, and writes where we can read it."""
    if client.missing():
        return Check(FAILED, "not tried", "see above")
    place = Path(tempfile.mkdtemp(prefix=".nomoat-doctor-", dir=existing(OUTPUTS))).resolve()
    try:
        return tried(place, settings, patience)
    except ClusterError as error:
        return Check(FAILED, str(error), "see partition, account, time and mem in docs/clusters.md")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def tried(place: Path, settings: SlurmSettings, patience: float) -> Check:
    """Submit the job with its files in a directory, and wait for it."""
    script, answer, log = place / "job.sh", place / "answer.json", place / "job.log"
    words = client.job_script(settings, "-m", "experiments.clusters.check", str(answer))
    script.write_bytes(os.fsencode(words))
    number = client.submit([
        "sbatch", "--parsable", f"--job-name={place.name[1:]}", "--time=5",
        f"--output={str(log).replace('%', '%%')}", *client.options(settings, JOB_MB),
        *settings.options, str(script),
    ])  # fmt: skip
    began = time.monotonic()
    if element := waited(str(script), number, patience):
        state = f"{element.state} ({element.reason})"
        detail = f"job {number} is {state} after {patience:g} seconds and was cancelled"
        return Check(WARNING, detail, "the queue may be long: try later, or another partition")
    limit = time.monotonic() + (VISIBLE_SECONDS if not log.exists() else 5.0)
    while not answer.exists() and time.monotonic() < limit:
        time.sleep(0.5)
    if not answer.exists():
        return explained(number, log)
    return judged(json.loads(answer.read_text()), time.monotonic() - began)


def waited(script: str, number: str, patience: float) -> Element | None:
    """Wait until a job is gone; one that is still there after so many seconds is cancelled.

    It is cancelled, too, where nobody waits any more, at a Ctrl-C or without a controller.
    """
    began, there = time.monotonic(), True
    try:
        while elements := client.queue([script]):
            if time.monotonic() - began > patience:
                return elements[0]
            time.sleep(1.0)
        there = False
    finally:
        if there:
            client.cancel_ids([number])
    return None


def explained(number: str, log: Path) -> Check:
    """Why a job left no answer."""
    if not log.exists():
        return Check(
            FAILED, f"job {number} ended and left nothing here",
            "work in a directory that the nodes see, too",
        )  # fmt: skip
    said = " / ".join(tail_of(log).splitlines()) or "nothing"
    return Check(
        FAILED, f"job {number} ended without an answer and said: {said}",
        "put what is missing (module load ...) into setup of the profile",
    )  # fmt: skip


def judged(facts: dict[str, Any], seconds: float) -> Check:
    """Whether a node computes what this machine does."""
    detail = (
        f"answered from {facts['host']} after {seconds:.0f} s: Python {facts['python']}, "
        f"{facts['cores']} cores, CPU level {facts['cpu_level']}"
    )
    if facts["model_version"] != model_version():
        return Check(FAILED, f"{detail}, another model", "install the same version for the nodes")
    if facts["cpu_level"] != cpu_level():
        fix = "results of the two levels are equal to 1e-6: use nodes of one level (--constraint)"
        return Check(WARNING, detail, fix)
    return Check(GOOD, detail)
