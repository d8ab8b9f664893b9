"""What is installed: rooms that nobody overwrites, a lock that trusts only hashes, a wheel with one name."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
LOCKS = ("runtime.txt", "dev.txt")
NOT_SHIPPED = {"tests", "benchmarks"}
# Folders of files that no Python imports; they travel beside the rooms.
FILES = {"web", "web/graphiql"}


def packages() -> set[str]:
    """The packages of the checkout that a wheel must carry."""
    return {file.parent.name for file in CHECKOUT.glob("*/__init__.py")} - NOT_SHIPPED


def locked(lock: str) -> dict[str, list[str]]:
    """What a lock asks for: a requirement and its options, by name."""
    text = (CHECKOUT / "requirements" / lock).read_text()
    entries = re.sub(r"\\\n|#.*", "", text).strip().splitlines()
    return {canonicalize_name(re.split(r"[=<>;\s]", entry)[0]): entry.split() for entry in entries if entry.strip()}


def test_no_other_distribution_provides_a_module_named_like_a_room() -> None:
    """A distribution with a `schema` of its own would be imported in place of ours, or the reverse."""
    provided = packages_distributions()
    others = {name: set(provided.get(name, ())) - {"tenantry"} for name in packages()}
    assert {name: found for name, found in others.items() if found} == {}


def test_every_room_is_shipped_typed_and_watched() -> None:
    """A new room is named in each list of pyproject.toml that has to know it."""
    tool = PROJECT["tool"]
    wheel = tool["hatch"]["build"]["targets"]["wheel"]
    lists = {
        "wheel": set(wheel["only-include"]) - FILES,
        "wheel.sources": set(wheel["sources"]) - FILES | {"tenantry"},
        "sdist": set(tool["hatch"]["build"]["targets"]["sdist"]["only-include"]) - FILES,
        "mypy": set(tool["mypy"]["files"]) - NOT_SHIPPED,
        "importlinter": set(tool["importlinter"]["root_packages"]),
        "isort": set(tool["ruff"]["lint"]["isort"]["known-first-party"]),
    }
    assert lists == dict.fromkeys(lists, packages())


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_locked_to_one_version_with_hashes(lock: str) -> None:
    """An install can bring nothing but the bytes that were tried."""
    for name, words in locked(lock).items():
        assert "==" in words[0], name
        assert any(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", word) for word in words), name


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry(lock: str) -> None:
    """Where packages come from is decided by whoever installs, behind whatever mirror."""
    text = (CHECKOUT / "requirements" / lock).read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text)


def asked() -> list[Requirement]:
    """What pyproject.toml asks for, tools included."""
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    groups = PROJECT["dependency-groups"].values()
    return [Requirement(each) for group in (project["dependencies"], *extras, *groups) for each in group]


def test_the_lock_gives_what_pyproject_asks_for() -> None:
    """A dependency that was added or moved without `make lock` is found here."""
    given = {name: words[0].split("==")[1] for name, words in locked("dev.txt").items()}
    for each in asked():
        assert each.specifier.contains(given[canonicalize_name(each.name)]), each


def test_every_dependency_has_its_reason() -> None:
    """docs/dependencies.md has a line for whatever is installed by our wish."""
    reasons = (CHECKOUT / "docs/dependencies.md").read_text()
    named = set(re.findall(r"[a-z][a-z-]+", " ".join(re.findall(r"^\|([^|]*)\|", reasons, re.MULTILINE))))
    assert {each.name for each in asked()} - named == set()


def test_development_runs_on_the_versions_of_production() -> None:
    """The development lock is the runtime lock and more, never another version of it."""
    runtime, dev = locked("runtime.txt"), locked("dev.txt")
    assert {name: words[0] for name, words in runtime.items()} == {name: dev[name][0] for name in runtime}


def test_a_wheel_adds_one_name_and_finds_its_rooms(tmp_path: Path) -> None:
    """The rooms travel inside `tenantry`, and importing it makes them importable from there."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=CHECKOUT,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    top = {entry.name.split("-")[0] for entry in (tmp_path / "installed").iterdir()}
    assert top == {"tenantry"}

    rooms = sorted(packages() - {"tenantry"})
    find = f"import tenantry, importlib.util as at; [print(at.find_spec(room).origin) for room in {rooms}]"
    # -S keeps the checkout, which an editable install puts on the path, out of sight.
    found = subprocess.run(
        [sys.executable, "-S", "-c", find],
        cwd=tmp_path / "installed", capture_output=True, text=True, check=True,
    )  # fmt: skip
    expected = [str(tmp_path / "installed/tenantry/rooms" / room / "__init__.py") for room in rooms]
    assert found.stdout.split() == expected

    page = tmp_path / "installed/tenantry/rooms/web/graphiql/index.html"
    assert page.read_bytes() == (CHECKOUT / "web/graphiql/index.html").read_bytes()
