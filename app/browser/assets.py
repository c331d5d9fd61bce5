"""Scripts, styles and fonts that a browser needs, kept on this machine.

Solara takes them from a public server through a proxy of its own; the page is blank without a
network. A folder built once from the packages' own archives takes its place. Archives are held
against the digests below, so that what runs in the browser is what was looked at.
"""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from agents.common.caches import private_directory

CLIENT: Final = "npm"
SECONDS: Final = 300
"""For the client to fetch one archive."""


class AssetsError(Exception):
    """The folder cannot be built; the text says why in one sentence."""


@dataclass(frozen=True)
class Package:
    """One archive: its name and version, the files taken from it, and its sha256."""

    name: str
    version: str
    files: tuple[str, ...]
    sha256: str

    @property
    def folder(self) -> str:
        """Where Solara looks for its files."""
        return f"{self.name}@{self.version}"


PACKAGES: Final = (
    Package(
        "@widgetti/solara-vuetify-app", "10.1.1",
        ("dist/main8.css", "dist/fonts.css", "dist/*8.min.js", "dist/*.woff2"),
        "ecbd7530ea4848368ab9ff5362214a3442d0d245bff55a5d8d97b057d661b396",
    ),
    Package(
        "requirejs", "2.3.6", ("require.js",),
        "1d1a8a5ea21b941f5c80f7caf3ac7f3e1cb8cf2903a706d5c0d15434eaedd326",
    ),
    Package(
        "font-awesome", "4.5.0", ("css/font-awesome.min.css", "fonts/*"),
        "77a876e6b63e8043a658b8dd559bafe5aa1f7acd3fa7e9ad66e75f80e523be23",
    ),
    Package(
        "echarts", "5.4.0", ("dist/echarts.js",),
        "e8085c1c75197ea78bc526ef313c3e972b5f1b8703f277c7018579f19daa8f52",
    ),
    Package(
        "@widgetti/vue-grid-layout", "2.3.13-alpha.2", ("dist/vue-grid-layout.umd.js",),
        "7d26c451cd995d82982ec48aad5eaa9f7e600eef4df5a716161724e92d7ffda2",
    ),
)  # fmt: skip


def assets_folder() -> Path | None:
    """Where the files are, or would be; None if the user's cache cannot be used."""
    return private_directory("browser-assets")


def missing(folder: Path) -> list[str]:
    """Packages of which a file is not in the folder."""
    return [p.folder for p in PACKAGES if any(not found(folder, p, f) for f in p.files)]


def found(folder: Path, package: Package, pattern: str) -> bool:
    """Whether a file, or some file of a pattern, is in the folder."""
    return any((folder / package.folder).glob(pattern))


def build(folder: Path, on_package: Callable[[Package], None] | None = None) -> None:
    """Fetch every archive that is missing and take its files; raises AssetsError."""
    if shutil.which(CLIENT) is None:
        raise AssetsError(
            f"nomoat assets needs the program {CLIENT} (Debian: apt-get install {CLIENT}); "
            "the UI works without these files where the browser has a network"
        )
    wanted = set(missing(folder))
    for package in PACKAGES:
        if package.folder in wanted:
            if on_package is not None:
                on_package(package)
            take(package, folder)


def take(package: Package, folder: Path) -> None:
    """Fetch one archive and put its files in place in one step."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        archive = fetch(package, Path(place))
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        if digest != package.sha256:
            raise AssetsError(f"{package.folder} is not the archive that was looked at ({digest})")
        unpacked = Path(place) / "files"
        unpack(package, archive, unpacked)
        target = folder / package.folder
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        unpacked.rename(target)


def fetch(package: Package, place: Path) -> Path:
    """The archive of a package, as the client gives it."""
    command = [CLIENT, "pack", "--silent", "--ignore-scripts", package.folder]
    try:
        subprocess.run(command, cwd=place, check=True, capture_output=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise AssetsError(f"{CLIENT} could not fetch {package.folder}: {reason(error)}") from None
    archives = list(place.glob("*.tgz"))
    if len(archives) != 1:
        raise AssetsError(f"{CLIENT} gave no archive of {package.folder}")
    return archives[0]


def reason(error: Exception) -> str:
    """The last line a program left, or the error's own words."""
    lines = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else str(error)


def unpack(package: Package, archive: Path, target: Path) -> None:
    """Take the wanted files out of an archive; nothing else, and nothing outside `target`."""
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            name = member.name.partition("/")[2]
            wanted = member.isfile() and any(fnmatchcase(name, f) for f in package.files)
            if not wanted or ".." in Path(name).parts:
                continue
            source = tar.extractfile(member)
            assert source is not None
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(source.read())
