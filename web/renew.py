#!/usr/bin/env python3
"""Renews what we carry of other people's browser code, from npm: the one step of `web/` that needs Node.

Each folder's `vendor.json` says what is carried: change a version there, run this, and look at the difference. npm
checks what it fetches against the registry's own digests; ours, which the tests compare, are written here.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

WEB = Path(__file__).parent
LICENCE_FILE = re.compile(r"(licen[cs]e|notice|copying)\b.*", re.IGNORECASE)
BUNDLED = re.compile(r".*node_modules/((?:@[^/]+/)?[^/]+)/")


def renew(folder: Path) -> None:
    """Fetch, copy and record everything that the folder's `vendor.json` names."""
    plan = json.loads((folder / "vendor.json").read_text())
    assets: list[dict[str, Any]] = plan["assets"]
    licences: dict[str, Any] = plan["licences"]
    wanted = {asset["package"]: asset["version"] for asset in assets} | licences["also"]
    with TemporaryDirectory() as work:
        modules = install(Path(work), wanted)
        for asset in assets:
            check_licence(modules / asset["package"], asset["licence"])
            shutil.copyfile(modules / asset["package"] / asset["path"], folder / asset["file"])
            asset["sha256"] = sha256(folder / asset["file"])
            sys.stdout.write(f"{asset['sha256'][:12]}  {asset['file']}  ({asset['package']} {asset['version']})\n")
        carried = set(wanted) | {name for asset in assets for name in bundled(modules, asset)}
        (folder / licences["file"]).write_text("\n".join(licence_texts(modules, sorted(carried))))
    licences["sha256"] = sha256(folder / licences["file"])
    (folder / "vendor.json").write_text(json.dumps(plan, indent=2) + "\n")


def install(work: Path, wanted: dict[str, str]) -> Path:
    """The packages with what they depend on, none of it run; where they lie."""
    specs = [f"{name}@{version}" for name, version in wanted.items()]
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
    subprocess.run(["npm", "install", "--prefix", str(work), *quiet, *specs], check=True)  # noqa: S603, S607
    return work / "node_modules"


def check_licence(package: Path, expected: str) -> None:
    """Stop where a package's own licence is not among those that we say it has."""
    found = json.loads((package / "package.json").read_text())["license"]
    if found not in expected.split(" AND "):
        raise SystemExit(f"{package.name} is under {found}; vendor.json says {expected}.")


def bundled(modules: Path, asset: dict[str, Any]) -> Iterable[str]:
    """The packages inside a bundle, as far as its source map names them."""
    source_map = modules / asset["package"] / f"{asset['path']}.map"
    if source_map.exists():
        for source in json.loads(source_map.read_text())["sources"]:
            found = BUNDLED.match(source)
            if found:
                yield found[1]


def licence_texts(modules: Path, packages: Iterable[str]) -> Iterable[str]:
    """What each package's licence asks to be handed on; what is said alike is said once."""
    said: dict[str, list[str]] = {}
    for name in packages:
        said.setdefault(licence_text(modules / name), []).append(name)
    for text, names in said.items():
        yield f"{'=' * 80}\n{textwrap.fill(', '.join(names), 80)}\n{'=' * 80}\n\n{text}\n"


def licence_text(package: Path) -> str:
    """The package's own words, or what its package.json says where it has none."""
    about = json.loads((package / "package.json").read_text())
    texts = [file.read_text().strip() for file in sorted(package.iterdir()) if LICENCE_FILE.fullmatch(file.name)]
    author = about.get("author", "unnamed authors")
    by = author["name"] if isinstance(author, dict) else author
    return "\n\n".join(texts) or f"{about['license']}, by {by}, says its package.json; it carries no text."


def sha256(file: Path) -> str:
    """As `sha256sum` prints it."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.parent.name for path in WEB.glob("*/vendor.json")):
        renew(WEB / name)
