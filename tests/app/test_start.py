"""Start-up: what is put off is put off, and the garbage collector comes back."""

import contextlib
import gc
import subprocess
import sys

from app.shell import uncollected


def test_the_collector_is_off_inside_and_on_again_after_an_error() -> None:
    inside: list[bool] = []
    with contextlib.suppress(ZeroDivisionError), uncollected():
        inside.append(gc.isenabled())
        raise ZeroDivisionError
    assert inside == [False]
    assert gc.isenabled()


def test_who_had_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_run_is_prepared_without_what_prints_and_draws() -> None:
    program = "import sys, app.running; print({'rich', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
