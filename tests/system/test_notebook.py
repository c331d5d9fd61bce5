"""Ctrl-C in a notebook: a real kernel is interrupted in the middle of a run and of a sweep."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sweeping
import tomli_w

pytestmark = pytest.mark.system
PATIENCE = 300.0
LONG_RUN = """
import sim
from sim.loading import load
world = load("baseline", {"enterprise.population": 3000, "months": 400})
sim.run(world, on_month=lambda month, months: print("month", month, flush=True))
"""
SMALL_RUN = "print(sim.run(load('baseline', {'enterprise.population': 50, 'months': 3})).months)"
LONG_SWEEP = """
import threading, time
import experiments
from pathlib import Path

def tell():
    while not list(Path("out").glob("outcomes/*.parquet")):
        time.sleep(0.01)
    print("a shard", flush=True)

threading.Thread(target=tell, daemon=True).start()
experiments.run("tiny.toml", "out", replicates=400)
"""


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Any]:
    """A kernel in a directory with the tiny experiment, and its client."""
    manager = pytest.importorskip("jupyter_client.manager")
    pytest.importorskip("ipykernel")
    (tmp_path / "tiny.toml").write_text(tomli_w.dumps(dict(sweeping.TINY)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    found, client = manager.start_new_kernel(cwd=str(tmp_path), env=environment)
    yield found, client
    client.stop_channels()
    found.shutdown_kernel(now=True)


def run_cell(kernel: Any, code: str, interrupt_at: str = "") -> tuple[dict[str, Any], str]:
    """Run a cell, interrupted once it has printed a word; the reply and what it printed."""
    manager, client = kernel
    asked, printed = client.execute(code), ""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        message = client.get_iopub_msg(timeout=PATIENCE)
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["msg_type"] == "stream":
            printed += message["content"]["text"]
            if interrupt_at and interrupt_at in printed:
                manager.interrupt_kernel()
                interrupt_at = ""
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return reply_to(client, asked), printed
    raise AssertionError(printed)


def reply_to(client: Any, asked: str) -> dict[str, Any]:
    """The reply to a cell; those to earlier questions are passed over."""
    while True:
        message = client.get_shell_msg(timeout=PATIENCE)
        if message["parent_header"].get("msg_id") == asked:
            content: dict[str, Any] = message["content"]
            return content


def test_ctrl_c_in_a_notebook_leaves_the_kernel_and_what_is_finished(
    kernel: Any, tmp_path: Path
) -> None:
    reply, printed = run_cell(kernel, LONG_RUN, "month 2")
    assert (reply["status"], reply.get("ename")) == ("error", "KeyboardInterrupt"), printed
    reply, printed = run_cell(kernel, SMALL_RUN)
    assert (reply["status"], printed) == ("ok", "3\n")
    reply, printed = run_cell(kernel, LONG_SWEEP, "a shard")
    assert (reply["status"], reply.get("ename")) == ("error", "KeyboardInterrupt"), printed
    assert "all finished runs are kept in out; the same call goes on" in reply["evalue"]
    assert 0 < len(sweeping.rows(tmp_path / "out", "outcomes")) < 400 * 6
    assert not list((tmp_path / "out" / "writers").iterdir())
