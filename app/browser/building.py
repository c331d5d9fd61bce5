"""What `nomoat assets` does."""

from app.browser.assets import AssetsError, assets_folder, build, missing
from app.shell import OK, say
from app.terminal import console, print_json


def build_assets(*, as_json: bool) -> int:
    """Build the folder of browser files; raises AssetsError if it cannot be."""
    folder = assets_folder()
    if folder is None:
        raise AssetsError("the user's cache cannot be written, so there is no place for the files")
    before = missing(folder)
    build(folder, None if as_json else lambda package: say(f"fetching {package.folder}"))
    if left := missing(folder):
        raise AssetsError(f"files of {', '.join(left)} are missing from their archives")
    if as_json:
        print_json({"folder": str(folder), "fetched": before})
    else:
        console().print(f"{'complete' if before else 'nothing to do'}: {folder}")
    return OK
