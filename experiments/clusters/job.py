"""What a job of a cluster does: one chunk of a sweep, with what is finished written if told to end.

`python -m experiments.clusters.job FOLDER ROUND FIRST` does the chunk FIRST +
`$SLURM_ARRAY_TASK_ID` of a round. It prints nothing unless something is wrong. Exit codes: 0 done,
75 ended early or the file system refused, 78 no job can do this.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.clusters.rounds import Round, home
from experiments.durable import StoreError
from experiments.encoding import NewerSchemaError
from experiments.escape import for_terminal
from experiments.stored import DocumentError
from experiments.sweeps.engines import LocalProcesses
from experiments.sweeps.events import Event, Failed
from experiments.sweeps.folder import SweepError, SweepFolder, refuse_other_model
from experiments.sweeps.queue import SMALLEST_PARTS, Progress, Queue, stop_on_signal
from experiments.sweeps.store import keys_of
from sim.version import usable_cores

DONE, ENDED_EARLY, REFUSED = 0, 75, 78


def main(arguments: Sequence[str]) -> int:
    """Do the chunk that the arguments and Slurm's environment name."""
    path, number, first = arguments
    folder = SweepFolder(Path(path))
    chunk = int(first) + int(os.environ.get("SLURM_ARRAY_TASK_ID", "0"))
    try:
        one = Round.at(home(folder) / number)
    except (OSError, DocumentError) as error:
        say(f"chunk {chunk}: {error}")
        return ENDED_EARLY
    if chunk >= len(one.tasks):
        say(f"chunk {chunk} is in no submission: Slurm did not say that it took this job")
        return DONE
    try:
        refuse_other_model(folder, folder.manifest())
        done = work_on_chunk(folder, one, chunk, again=restarted())
    except (SweepError, NewerSchemaError) as error:
        folder.disk.replace(one.refusal_path, f"{error}\n".encode())
        say(f"chunk {chunk}: {error}")
        return REFUSED
    except StoreError as error:
        say(f"chunk {chunk}: {error}")
        return ENDED_EARLY
    return DONE if done else ENDED_EARLY


def restarted() -> bool:
    """Whether Slurm started this job before."""
    return os.environ.get("SLURM_RESTART_COUNT", "0") != "0"


def work_on_chunk(folder: SweepFolder, one: Round, chunk: int, *, again: bool) -> bool:
    """Do the runs of a chunk in as many processes as the job has cores; whether all were done.

    again: leave out what an earlier attempt finished. Raises SweepError for runs that the design
    does not have.
    """
    rows = np.array(one.tasks[chunk].rows, np.int64)
    keys, store = keys_of(folder.design()["run_id"]), folder.store
    if len(rows) and rows.max() >= len(keys):
        raise SweepError(f"{one.plan_path} names run {rows.max()} of a design of {len(keys)}")
    if again:
        over = store.finished() if one.retry else np.union1d(store.finished(), store.failed())
        rows = rows[~np.isin(keys[rows], over)]
    if not len(rows):
        return True
    jobs = min(usable_cores(), len(rows))
    size = -(-len(rows) // (1 if jobs == 1 else SMALLEST_PARTS * jobs))
    progress = Progress(len(rows), 0, 0)
    queue = Queue(rows, keys, store, progress, jobs, lambda: False, size)
    limits = folder.manifest()["limits"]

    def tell(event: Event) -> None:
        progress.note(event)
        if isinstance(event, Failed):
            say(f"row {event.row} of the design failed: {event.message}")

    with folder.lease(), stop_on_signal(queue, signal.SIGUSR2):
        LocalProcesses(jobs, limits["seconds"], limits["memory_mb"]).run(folder, queue, tell)
    done = progress.finished + progress.failed >= len(rows)
    if not done:
        say(f"chunk {chunk} was told to end: {progress.finished} of {len(rows)} runs finished")
    return done


def say(sentence: str) -> None:
    """Print a line into the job's log, safe against control characters in foreign text."""
    print(for_terminal(sentence), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
