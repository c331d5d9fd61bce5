"""A Slurm of one node on loopback, with everything it has in one directory."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import needs

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
MAX_ARRAY = 64
CPUS = 4
CONFIG = """
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket={root}/munge/munge.sock,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={root}/completed
SlurmdParameters=config_overrides
ReturnToService=1
SlurmdTimeout=10
KillWait=2
MinJobAge=600
MaxArraySize={max_array}
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1,sched_min_interval=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=16000
PartitionName=main Nodes=ALL Default=YES State=UP MaxTime=60
"""


def missing_programs() -> list[str]:
    """Programs of Slurm that are not on this machine."""
    return [name for name in PROGRAMS if shutil.which(name, path=SYSTEM_PATH) is None]


def needs_slurm() -> None:
    """Skip where there is no Slurm, unless it is required."""
    if found := missing_programs():
        needs.missing("slurm", ", ".join(found))


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in taken]
    finally:
        for one in taken:
            one.close()


def wait_for(reached: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until something is so; an AssertionError says what is not."""
    limit = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < limit, f"waited {seconds:g} s for {what}"
        time.sleep(0.05)


@dataclass
class Site:
    """The daemons and the way to speak with them."""

    root: Path
    host: str = field(default_factory=lambda: socket.gethostname().partition(".")[0])
    daemons: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What commands of this Slurm need."""
        return {"SLURM_CONF": str(self.root / "slurm.conf"), "PATH": SYSTEM_PATH}

    def configure(self) -> None:
        """Write the files; directories as private as munge wants them."""
        for name, mode in (("munge", 0o711), ("state", 0o700), ("spool", 0o700)):
            (self.root / name).mkdir(mode=mode)
            (self.root / name).chmod(mode)
        key = self.root / "munge" / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        controller, daemon = free_ports(2)
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True)
        (self.root / "slurm.conf").write_text(
            CONFIG.format(
                host=self.host, controller=controller, daemon=daemon, root=self.root, cpus=CPUS,
                user=user.stdout.strip(), max_array=MAX_ARRAY,
            )
        )  # fmt: skip

    def start(self, name: str, *words: str) -> None:
        """Start one daemon."""
        with (self.root / f"{name}.out").open("ab") as log:
            self.daemons[name] = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, **self.environment},
            )  # fmt: skip

    def start_controller(self, *options: str) -> None:
        """Start slurmctld, which remembers its jobs."""
        self.start("slurmctld", "slurmctld", "-D", *options)

    def start_all(self) -> None:
        """Start everything and wait until jobs are taken."""
        munge = self.root / "munge"
        self.start(
            "munged", "munged", "-F", "--force", f"--key-file={munge}/munge.key",
            f"--socket={munge}/munge.sock", f"--pid-file={munge}/munged.pid",
            f"--log-file={munge}/munged.log", f"--seed-file={munge}/munged.seed",
        )  # fmt: skip
        probe = ["munge", "-n", "-S", str(munge / "munge.sock")]
        wait_for(
            lambda: subprocess.run(probe, capture_output=True, check=False).returncode == 0,
            20, "munged",
        )  # fmt: skip
        self.start_controller("-i")
        self.start("slurmd", "slurmd", "-D", "-N", self.host)
        self.wait_until_idle()

    def call(self, *words: str, check: bool = True) -> str:
        """What a command of Slurm prints."""
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, timeout=60,
            env={**os.environ, **self.environment},
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def jobs(self) -> list[str]:
        """A line for each job that waits or runs."""
        return self.call("squeue", "-h", "-r", "-o", "%i %T").splitlines()

    def wait_until_idle(self, seconds: float = 30.0) -> None:
        """Wait for the node to be up and the queue empty."""
        wait_for(
            lambda: self.call("sinfo", "-h", "-o", "%T", check=False).strip() == "idle",
            seconds, "an idle node",
        )  # fmt: skip

    def node_down(self) -> None:
        """Take the node away from its jobs."""
        self.call("scontrol", "update", f"NodeName={self.host}", "State=DOWN", "Reason=test")

    def steps(self) -> list[Path]:
        """What the node still has to do with jobs, also those that were taken from it."""
        return list((self.root / "spool").glob(f"{self.host}_*"))

    def node_up(self) -> None:
        """Give the node back, if it did not come back by itself."""
        self.call("scontrol", "update", f"NodeName={self.host}", "State=RESUME", check=False)

    def cancel_all(self) -> None:
        """End all jobs."""
        if jobs := [line.split()[0] for line in self.jobs()]:
            self.call("scancel", *jobs)
        wait_for(lambda: not self.jobs(), 20, "an empty queue")

    def stop(self, name: str) -> None:
        """End one daemon."""
        process = self.daemons.pop(name)
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)

    def stop_all(self) -> None:
        """End all jobs and daemons, munged last."""
        with suppress(Exception):
            self.cancel_all()
        for name in ("slurmd", "slurmctld", "munged"):
            if name in self.daemons:
                self.stop(name)


@contextmanager
def site(root: Path) -> Iterator[Site]:
    """A running Slurm."""
    found = Site(root)
    found.configure()
    try:
        found.start_all()
        yield found
    finally:
        found.stop_all()
