"""What we depend on, as far as that can be told without a network, and the workflows of the forge."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

SYSTEMS = ("win32", "linux", "darwin")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

posix = pytest.mark.posix("the checkers are not among the Windows lab's packages")


def name_of(requirement: Requirement) -> str:
    """Return a package's name in the one form that all its spellings have."""
    return re.sub(r"[-_.]+", "-", requirement.name).lower()


def there(requirement: Requirement, system: str, python: str) -> bool:
    """Return whether a system with a Python gets it."""
    place = {"sys_platform": system, "python_version": python, "python_full_version": f"{python}.0"}
    return requirement.marker is None or requirement.marker.evaluate(place)


def lines(file: Path) -> list[Requirement]:
    text = file.read_text(encoding="utf-8")
    return [Requirement(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_constraints_name_one_version_of_each_dependency_that_we_allow(system: str, python: str) -> None:
    ours = [Requirement(one) for one in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["exe"])]
    pinned: dict[str, str] = {}
    for one in lines(CONSTRAINTS):
        if there(one, system, python):
            assert name_of(one) not in pinned
            (pin,) = one.specifier
            assert pin.operator == "=="
            pinned[name_of(one)] = pin.version
    wanted = [one for one in ours if there(one, system, python)]
    assert len(wanted) > 10
    assert [str(one) for one in wanted if not one.specifier.contains(pinned[name_of(one)])] == []


def test_the_windows_lab_has_versions_that_we_allow() -> None:
    pinned = {name_of(one): next(iter(one.specifier)).version for one in lines(ROOT / "tests/windows/requirements.txt")}
    ours = [Requirement(one) for one in PROJECT["dependencies"]]
    wanted = [one for one in ours if there(one, "win32", "3.11")]
    assert [str(one) for one in wanted if not one.specifier.contains(pinned[name_of(one)])] == []


def test_every_dependency_has_a_lower_bound() -> None:
    ours = [Requirement(one) for one in PROJECT["dependencies"]]
    assert [str(one) for one in ours if ">=" not in {bound.operator for bound in one.specifier}] == []


def test_no_address_stands_in_the_constraints() -> None:
    assert not re.search(r"://|--index|--find-links|@", CONSTRAINTS.read_text(encoding="utf-8"))


def tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name(name)), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@posix
def test_the_workflows_are_workflows() -> None:
    assert [file.name for file in WORKFLOWS] == ["checks.yml", "release.yml"]
    done = tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    assert done.returncode == 0, done.stdout
    done = tool("check-jsonschema", "--builtin-schema", "vendor.dependabot", ROOT / ".github" / "dependabot.yml")
    assert done.returncode == 0, done.stdout


@posix
def test_the_workflows_can_do_no_more_than_they_must() -> None:
    """zizmor looks for actions that are not pinned, rights that are too wide, and texts that become commands."""
    done = tool("zizmor", "--offline", "--no-progress", ROOT / ".github")
    assert done.returncode == 0, done.stdout


@posix
@pytest.mark.parametrize(
    ("was", "becomes", "found"),
    [
        (r"actions/checkout@\w{40}", "actions/checkout@v6", "unpinned-uses"),
        (r"permissions:\n +contents: read", "permissions: write-all", "excessive-permissions"),
        (r"python tests/supply.py audit", "echo ${{ github.head_ref }}", "template-injection"),
    ],
)
def test_what_a_careless_change_of_them_would_bring_is_found(
    tmp_path: Path, was: str, becomes: str, found: str
) -> None:
    text = (ROOT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8")
    changed, times = re.subn(was, becomes, text)
    assert times > 0
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / ".github" / "workflows" / "checks.yml").write_text(changed, encoding="utf-8")
    done = tool("zizmor", "--offline", "--no-progress", tmp_path / ".github")
    assert done.returncode != 0
    assert found in done.stdout


def test_every_action_is_pinned_by_its_hash_and_says_its_version() -> None:
    used = [line for file in WORKFLOWS for line in file.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert len(used) > 5
    assert [line for line in used if not re.fullmatch(r" +- uses: [\w/-]+@[0-9a-f]{40} # v[0-9.]+", line)] == []


def test_the_workflows_cover_every_python_that_we_name() -> None:
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    checks = (ROOT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8")
    tried = re.findall(r"^ +python: \[(.*)\]$", checks, re.MULTILINE)
    assert [re.findall(r"3\.\d+", one) for one in tried] == [named] * 3 == [list(PYTHONS)] * 3
