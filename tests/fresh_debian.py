"""An empty Debian to try things in, of any release. Standard library only.

A command in it sees nothing of the machine but its processors and its network: it has mounts, processes, devices and
shared memory of its own (namespaces(7)). All that it has mounted and started ends with it, whatever becomes of us.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.run import in_bare_chroot
from tests.windows import debian
from tests.windows.enclosure import LabError, alone

BOOKWORM = "bookworm"
"""Debian 12."""

HOME = Path("/root")
"""The user's, in the tree."""

PASSED_ON = re.compile(
    r"(PIP|SSL|CURL|REQUESTS)_(?!FIND_LINKS)\w+|(https?|no)_proxy|UV_\w*INDEX\w*|npm_config_registry", re.IGNORECASE
)
"""Variables by which this machine reaches the world: nobody else's business, but without them nothing can be had."""

CERTIFICATES = ("etc/ssl/certs/ca-certificates.crt", "etc/pip.conf")
"""Files for the same."""

APT_REACHES = re.compile(r"^Acquire::(https?|Check-\w+|Retries)\b.*;$", re.MULTILINE)
"""Of what apt is told here: by which ways, and how strict about dates, since a mirror may stand still."""

RIGHTS = (
    *("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service"),
    *("net_raw", "sys_chroot", "mknod", "audit_write", "setfcap"),
)
"""What root may in a container that docker starts without further words: not mount, above all.
https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities
"""

KINDS = {
    "container": "a container whose root may do everything, as by docker run --privileged",
    "unprivileged": "a container as docker starts it without further words: its root may not mount",
    "chroot": "a bare chroot in which /proc, /sys and /dev are mounted",
}

_ENTER = """
tree=$1; kind=$2; shift 2
{
  { [ "$kind" = chroot ] || mount --rbind "$tree" "$tree"; } && cd "$tree" &&
  mount -t proc proc proc && mount -t sysfs sysfs sys && mount -t tmpfs -o mode=755 tmpfs dev &&
  for node in null zero full random urandom tty; do
    touch dev/$node && mount --bind /dev/$node dev/$node || exit 125
  done &&
  mkdir dev/pts dev/shm && mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts &&
  mount -t tmpfs -o mode=1777 tmpfs dev/shm && ln -s pts/ptmx dev/ptmx && ln -s /proc/self/fd dev/fd &&
  ln -s fd/0 dev/stdin && ln -s fd/1 dev/stdout && ln -s fd/2 dev/stderr
} || exit 125
if [ "$kind" = chroot ]; then
  chroot . "$@"
else
  pivot_root . . && umount -l . && cd / || exit 125
  "$@"
fi
exit $?
"""
"""The first process. It stays (no `exec`): the first process takes in those that lose their parent."""


@dataclass(frozen=True, slots=True)
class Debian:
    """A tree in a folder, and how it is entered: one of `KINDS`."""

    tree: Path
    kind: str = "container"

    def command(self, *command: str, at: Path = HOME, environ: Mapping[str, str] = os.environ) -> list[str]:
        """Return the command that runs `command` in the tree, started in its folder `at`, to its end.

        The environment is that of a container: of `environ` only what reaches the world goes along.
        """
        kept = [f"{name}={value}" for name, value in sorted(environ.items()) if PASSED_ON.fullmatch(name)]
        own = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", f"HOME={HOME}"]
        # These are the tree's own programs, started when it is the root already.
        less = ["setpriv", "--bounding-set", ",".join(["-all", *(f"+{right}" for right in RIGHTS)])]
        inside = [
            *(less if self.kind == "unprivileged" else ()),
            "/usr/bin/env",
            "-i",
            f"--chdir={at}",
            *own,
            *kept,
            *command,
        ]
        # A bare chroot cannot give up its root for another one.
        kind = "chroot" if in_bare_chroot() else self.kind
        return [*alone(), "--ipc", "--uts", "bash", "-c", _ENTER, "enter", str(self.tree), kind, *inside]


@contextlib.contextmanager
def fresh(packages: Sequence[str], kind: str = "container", suite: str = BOOKWORM) -> Iterator[Debian]:
    """Give a new Debian with nothing but `packages`, removed at the end. Needs root, and the mirror that apt uses here.

    Raises `LabError` in one line where it cannot be made.
    """
    if os.geteuid() != 0:
        raise LabError("A Debian of its own is made with debootstrap and mount, which needs root.")
    folder = Path(tempfile.mkdtemp(prefix="fresh-debian-"))
    try:
        log = folder / "log"
        debian.install(["debootstrap"], log)
        tree = folder / "tree"
        with log.open("ab") as out:
            command = debian.bootstrap(suite, tree, packages)
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False)
        if done.returncode != 0:
            last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise LabError(f"debootstrap ended with {done.returncode}: {' '.join(last)}")
        connect(tree, suite)
        yield Debian(tree, kind)
    finally:
        remove(folder)


def connect(tree: Path, suite: str) -> None:
    """Have the tree reach the world as this machine does: packages, certificates. debootstrap has copied DNS."""
    (tree / "etc/apt/sources.list").write_text(f"deb {debian.mirror()} {suite} main\n", encoding="utf-8")
    told = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout
    reaches = "".join(f"{found[0]}\n" for found in APT_REACHES.finditer(told))
    (tree / "etc/apt/apt.conf.d/99-reach").write_text(reaches, encoding="utf-8")
    for name in CERTIFICATES:
        here = Path("/", name)
        if here.is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(here, tree / name)


def remove(folder: Path) -> None:
    """Remove a folder, but nothing that is mounted in it."""
    deadline = time.monotonic() + 20
    # What was killed may write for a moment more.
    while subprocess.run(["rm", "-rf", "--one-file-system", folder], stderr=subprocess.DEVNULL).returncode != 0:
        if time.monotonic() > deadline:
            raise LabError(f"{folder} cannot be removed.")
        time.sleep(0.2)
