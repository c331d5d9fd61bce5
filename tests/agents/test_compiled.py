"""The compiler's settings, each in a process of its own: numba reads them once, on import."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agents.common import caches, compiled

ROOT = Path(compiled.__file__).parents[2]
DRAW = """
import json, os
from agents.common import compiled, randomness
import numpy as np
value = randomness.uniform_at(np.uint64(1), 0, 0, 0)
stats = randomness.uniform_at.stats
print(json.dumps([sum(stats.cache_hits.values()), sum(stats.cache_misses.values()),
    compiled.cpu_level(), os.environ.get("NUMBA_CACHE_DIR"), value]))
"""


def run(code, cache, **settings):
    """Run code in a fresh interpreter whose environment sets nothing of numba's by itself."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    environment = {**kept, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache), **settings}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )


def results(done):
    return json.loads(done.stdout)


def test_the_second_process_compiles_nothing(tmp_path):
    first, second = (results(run(DRAW, tmp_path)) for _ in range(2))
    assert first[:2] == [0, 1]
    assert second[:2] == [1, 0]
    assert first[2:] == second[2:]
    directory = Path(first[3])
    assert directory.is_relative_to(tmp_path)
    for part in (directory, directory.parent, directory.parent.parent):
        assert stat.S_IMODE(part.stat().st_mode) == 0o700


def test_without_a_cache_it_compiles_and_warns_once(tmp_path):
    (tmp_path / "file").touch()
    set_by_a_parent = tmp_path / "file" / "nomoat" / "numba" / "older"
    done = run(DRAW, tmp_path / "file", NUMBA_CACHE_DIR=str(set_by_a_parent))
    assert results(done)[:2] == [0, 1]
    assert results(done)[3] is None
    assert done.stderr.count("RuntimeWarning") == 1
    assert "compiled anew" in done.stderr


def test_a_cache_of_the_user_that_takes_no_files_is_not_used(tmp_path):
    (tmp_path / "file").touch()
    for refused in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nomoat")):
        done = run(DRAW, tmp_path, NUMBA_CACHE_DIR=str(refused))
        assert Path(results(done)[3]).is_relative_to(tmp_path / "nomoat")
        assert done.stderr.count("RuntimeWarning") == 1
        assert f"no file can be written to NUMBA_CACHE_DIR {refused}" in done.stderr


def test_settings_of_the_user_are_kept(tmp_path):
    own = tmp_path / "own"
    done = run(DRAW, tmp_path, NUMBA_CACHE_DIR=str(own), NUMBA_CPU_NAME="generic")
    assert results(done)[2:4] == ["generic", str(own)]
    assert own.is_dir()


def test_a_directory_set_by_a_parent_with_older_code_is_not_used(tmp_path):
    older = tmp_path / "nomoat" / "numba" / "older"
    assert results(run(DRAW, tmp_path, NUMBA_CACHE_DIR=str(older)))[3] != str(older)


def test_numba_imported_before_still_gets_the_settings(tmp_path):
    done = run("import numba\n" + DRAW, tmp_path)
    hits, misses, level, directory, _ = results(done)
    assert (hits, misses, level) == (0, 1, compiled.cpu_level())
    assert any(Path(directory).rglob("*.nbi"))
    assert not done.stderr


def test_numba_used_before_is_said(tmp_path):
    done = run("import numba\nnumba.njit(lambda: 1)()\n" + DRAW, tmp_path)
    assert results(done)[2] == "host"
    assert "this processor only" in done.stderr


def test_code_is_of_the_stated_level_only(tmp_path):
    code = """
from agents.common import compiled
from numba.core import registry
codegen = registry.cpu_target.target_context.codegen()
print(codegen._get_host_cpu_name(), repr(codegen._tm_features))
"""
    assert run(code, tmp_path).stdout.split() == [compiled.cpu_level(), "''"]


def test_every_byte_of_code_counts(monkeypatch, tmp_path):
    module = tmp_path / "agents" / "common" / "compiled.py"
    module.parent.mkdir(parents=True)
    module.write_text("a = 1\n")
    monkeypatch.setattr(compiled, "__file__", str(module))
    before = compiled.code_hash()
    module.write_text("a = 1 # said\n")
    commented = compiled.code_hash()
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "new.py").touch()
    assert len({before, commented, compiled.code_hash()}) == 3


def test_a_directory_open_to_others_is_closed(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    caches.user_cache().mkdir()
    caches.user_cache().chmod(0o777)
    assert caches.private_directory("a") == caches.user_cache() / "a"
    assert stat.S_IMODE(caches.user_cache().stat().st_mode) == 0o700


def test_a_link_in_place_of_a_directory_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    caches.user_cache().symlink_to(tmp_path / "elsewhere")
    assert caches.private_directory("a") is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    caches.user_cache().mkdir(mode=0o700)
    os.chown(caches.user_cache(), 12_345, 12_345)
    assert caches.private_directory("a") is None


def test_caches_unused_for_long_are_removed(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for directory in (old, new):
        directory.mkdir()
    os.utime(old, (0, 0))
    compiled._remove_unused(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_a_relative_cache_home_is_ignored(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert caches.user_cache() == Path.home() / ".cache" / "nomoat"
