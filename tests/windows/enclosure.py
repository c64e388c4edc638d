"""Where the lab lies, and how a program is run in it. Standard library only.

Wine and its libraries are in a Debian tree of their own, entered by chroot(2). Everything that runs in the lab runs in
an *enclosure*: in mount and process namespaces of its own (unshare(1)). Nobody else sees what it mounts, and when its
first process ends the kernel ends all others, the daemons that Wine leaves behind too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import run as project

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

PYTHON = r"C:\Python311\python.exe"
"""Windows' Python, as Windows names it."""

_ENTER = """
tree=$1; shift
mount -t proc proc "$tree/proc" && mount --rbind /dev "$tree/dev" && mount --rbind /sys "$tree/sys" || exit 125
while [ "$1" != -- ]; do
  mkdir -p "$tree$1" && mount --bind "$1" "$tree$1" || exit 125
  shift
done
shift
"$@"
exit $?
"""
"""The first process of an enclosure. It stays (no `exec`): the first process takes in those that lose their parent."""


class LabError(Exception):
    """The lab cannot be made or used; the text says in one line why, and what to do or where to look."""


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab in a folder: what is where, and the commands that run something in it."""

    folder: Path

    @property
    def tree(self) -> Path:
        """Debian with Wine."""
        return self.folder / "tree"

    def enclosed(self, *command: str, tree: Path | None = None) -> list[str]:
        """Return the command that runs `command`, of this machine, in an enclosure that ends with it.

        `tree` is the tree to prepare for chroot(2), by default the lab's.
        """
        visible = [str(path) for path in (Path("/tmp"), self.folder, ROOT) if not _is_below_tmp(path)]
        return [*alone(), "bash", "-c", _ENTER, "enclosure", str(tree or self.tree), *visible, "--", *command]

    def wine(self, *command: str, folder: Path = ROOT) -> list[str]:
        """Return the command that runs a Windows program, or `wineserver` or `wineboot`; only within an enclosure.

        `folder` is the one that it is started in.
        """
        program = () if command[0] in ("wineserver", "wineboot") else ("wine",)
        return ["chroot", str(self.tree), "/usr/bin/env", f"--chdir={folder}", *program, *command]

    def environment(self, prefix: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment for `wine`: the user's time zone, how much to test and where to tell.

        Wine's own words are switched off, since they would stand among the programs'. No Mono, Gecko, debugger or
        desktop menu: they would ask or be slow. No message bus: its notifications would leave the lab.
        """
        asked = ("TZ", "RECORDER_TESTS_WHOLE", "RECORDER_TESTS_TABLE")
        kept = {name: os.environ[name] for name in asked if name in os.environ}
        own = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(prefix.parent),
            "LC_ALL": "C.UTF-8",
            "WINEPREFIX": str(prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe=;winedbg.exe=",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent",
        }
        return kept | own | dict(extra or {})


def alone() -> list[str]:
    """Return what stands before a command with whose end all goes that it has mounted and started.

    The command itself goes with the thread that starts it.
    """
    return ["setpriv", "--pdeathsig", "KILL", *project.own_namespace(), "--kill-child"]


def windows_path(path: Path) -> str:
    r"""Return how Windows names a path of this machine: drive `Z:` is the root."""
    return "Z:" + str(path.absolute()).replace("/", "\\")


def unix_path(prefix: Path, path: str) -> Path:
    r"""Return how this machine names a path of the Windows in `prefix`, which has a link for each drive."""
    drive, _, rest = path.partition("\\")
    return prefix / "dosdevices" / drive.lower() / rest.replace("\\", "/")


def lab_folder() -> Path:
    """Return where the lab lies: `$RECORDER_WINDOWS_LAB`, else a folder of the user's cache."""
    own = os.environ.get("RECORDER_WINDOWS_LAB")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(own).expanduser().resolve() if own else cache.resolve() / "tray-recorder" / "windows-lab"


def check_machine() -> None:
    """Raise `LabError` where a lab is not possible at all."""
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64":
        raise LabError("The Windows lab needs Linux on a 64-bit PC (x86_64). Elsewhere: run the tests on Windows.")
    if os.geteuid() != 0:
        raise LabError("The Windows lab mounts folders and needs root. Run: sudo python3 tests/windows/run.py")
    if not project.may_mount():
        raise LabError(f"The Windows lab mounts folders. {project.MAY_NOT_MOUNT}")


def _is_below_tmp(path: Path) -> bool:
    """Whether `path` is seen in the tree anyhow, since /tmp is."""
    return path != Path("/tmp") and path.is_relative_to("/tmp")
