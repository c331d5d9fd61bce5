"""What changes the model's version and what does not, and provenance without a checkout."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sim.version
from sim.version import hash_tree, model_version, provenance, usable_cores

CODE = '''"""Module."""
# A comment.
class Actor:
    """Class."""

    share: float = 0.5
    """What it is."""

    def act(self, by: int = 2) -> int:
        """Act."""
        return 3 * by
'''


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "package"
    (root / "data").mkdir(parents=True)
    (root / "code.py").write_text(CODE)
    (root / "data" / "prices.csv").write_text("a,b\n1,2\n")
    (root / "data" / "base.toml").write_text("seed = 1\n")
    return root


def edited(tree, old, new, name="code.py"):
    """Hash the tree with one replacement made, then undo it."""
    path = tree / name
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new))
    try:
        return hash_tree([tree])
    finally:
        path.write_text(before)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Module."""', '"""Another text."""'),
        ('"""Module."""\n', ""),
        ('    """Class."""\n', ""),
        ('"""What it is."""', '"""What else it is."""'),
        ('        """Act."""\n', ""),
        ("# A comment.", "# Another comment.\n\n"),
        ("3 * by", "(3   *   by)"),
    ],
)
def test_words_and_layout_do_not_count(tree, old, new):
    assert edited(tree, old, new) == hash_tree([tree])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3 * by", "4 * by"),
        ("3 * by", "3.0 * by"),
        ("3 * by", "3 + by"),
        ("3 * by", "by * 3"),
        ("by: int = 2", "by: int = 3"),
        ("by: int = 2", "by: int"),
        ("0.5", "'0.5'"),
        ("share", "part"),
        ("        return 3 * by", "        return None"),
    ],
)
def test_code_counts(tree, old, new):
    assert edited(tree, old, new) != hash_tree([tree])


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("data/prices.csv", "1,2", "1,3"), ("data/base.toml", "seed = 1", "seed = 2")],
)
def test_data_count(tree, name, old, new):
    assert edited(tree, old, new, name) != hash_tree([tree])


def test_names_count(tree):
    before = hash_tree([tree])
    (tree / "code.py").rename(tree / "other.py")
    renamed = hash_tree([tree])
    (tree / "empty.py").touch()
    assert len({before, renamed, hash_tree([tree])}) == 3


def test_line_ends_of_data_and_other_files_do_not_count(tree):
    before = hash_tree([tree])
    (tree / "data" / "prices.csv").write_bytes(b"a,b\r\n1,2\r\n")
    (tree / "notes.md").write_text("words")
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__" / "code.pyc").write_bytes(b"\0")
    assert hash_tree([tree]) == before


def test_the_place_does_not_count(tree, tmp_path):
    copy = shutil.copytree(tree, tmp_path / "elsewhere" / tree.name)
    assert hash_tree([copy]) == hash_tree([tree])


def test_remembered_trees_give_the_same_hash(tree, tmp_path, monkeypatch):
    first = hash_tree([tree])
    assert list((tmp_path / "cache" / "nomoat" / "versions").glob("*.json"))

    def refuse(_source):
        raise AssertionError("parsed again")

    monkeypatch.setattr(sim.version, "_tree_hash", refuse)
    assert hash_tree([tree]) == first


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', "{"])
def test_a_damaged_memory_is_ignored(tree, tmp_path, content):
    first = hash_tree([tree])
    (file,) = (tmp_path / "cache" / "nomoat" / "versions").glob("*.json")
    file.write_text(content)
    assert hash_tree([tree]) == first
    assert isinstance(json.loads(file.read_text()), dict)


def test_without_a_cache_the_hash_is_the_same(tree, tmp_path, monkeypatch):
    first = hash_tree([tree])
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert hash_tree([tree]) == first


def test_the_version_names_code_and_libraries(monkeypatch):
    model_version.cache_clear()
    here = model_version()
    assert len(here) == 16
    assert int(here, 16) >= 0
    monkeypatch.setattr(sim.version, "version", lambda name: f"0 of {name}")
    model_version.cache_clear()
    assert model_version() != here
    model_version.cache_clear()


def test_the_version_is_worked_out_once(monkeypatch):
    known = model_version()
    monkeypatch.setattr(sim.version, "version", lambda name: f"0 of {name}")
    assert model_version() == known


def test_provenance_names_what_ran():
    found = provenance()
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"numpy", "scipy", "numba", "mesa", "pyarrow", "platform"} <= found.keys()
    assert found["cpu_level"]
    assert found["cores"] == usable_cores()
    json.dumps(found)


def git(directory, *arguments):
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.templateDir=")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout that holds a file in the place of the version module."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    root = tmp_path / "checkout"
    root.mkdir()
    (root / "version.py").write_text("a = 1\n")
    git(root, "init")
    git(root, "add", "version.py")
    git(root, "commit", "-m", "first")
    monkeypatch.setattr(sim.version, "__file__", str(root / "version.py"))
    return root


@pytest.mark.usefixtures("checkout")
def test_a_clean_checkout_has_a_commit_only():
    commit, dirty = sim.version._git_state()
    assert commit is not None
    assert len(commit) == 40
    assert dirty is None


def test_uncommitted_changes_are_told_apart(checkout):
    found = []
    for text in ("a = 2\n", "a = 3\n"):
        (checkout / "version.py").write_text(text)
        found.append(sim.version._git_state()[1])
    assert None not in found
    assert found[0] != found[1]


def test_a_copy_in_another_checkout_is_not_taken_for_it(checkout, monkeypatch):
    installed = checkout / "site-packages" / "version.py"
    installed.parent.mkdir()
    installed.touch()
    monkeypatch.setattr(sim.version, "__file__", str(installed))
    assert sim.version._git_state() == (None, None)


def test_variables_of_a_calling_hook_do_not_lead_elsewhere(checkout, monkeypatch):
    before = sim.version._git_state()
    monkeypatch.setenv("GIT_DIR", str(checkout / "nowhere"))
    assert sim.version._git_state() == before


def test_without_git_there_is_no_commit(checkout, monkeypatch):
    monkeypatch.setenv("PATH", str(checkout))
    assert sim.version._git_state() == (None, None)


def test_a_hanging_git_is_given_up(checkout, monkeypatch):
    (checkout / "git").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    (checkout / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(checkout))
    monkeypatch.setattr(sim.version, "_GIT_SECONDS", 0.1)
    assert sim.version._git_state() == (None, None)


@pytest.mark.parametrize(
    ("quota", "share", "expected"),
    [("max 100000", "", 8), ("250000 100000", "", 2), ("max 100000", "3", 3), ("1 100000", "x", 1)],
)
def test_cores_are_those_this_process_may_use(tmp_path, monkeypatch, quota, share, expected):
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(sim.version, "_CPU_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", share)
    assert usable_cores() == expected


def test_the_roots_are_the_two_packages():
    assert [root.name for root in sim.version._model_roots()] == ["agents", "sim"]
    assert all((root / "__init__.py").is_file() for root in sim.version._model_roots())
    assert Path(sim.version.__file__).parent in sim.version._model_roots()
