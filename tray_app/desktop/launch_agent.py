"""macOS: a LaunchAgent, a property list that launchd reads at log-on, see launchd.plist(5)."""

from __future__ import annotations

import plistlib
from xml.parsers.expat import ExpatError

from tray_app.desktop.logon import ContentFile, Found

LABEL = "local.tray-recorder"
"""The agent's name, and its file's. `local` is nobody's domain (RFC 6762)."""


class LaunchAgent(ContentFile):
    """A LaunchAgent that starts the program. Ours is known by its label, which names a program to launchd as well."""

    def _judge(self) -> Found:
        try:
            found = plistlib.loads(self._read())
        except (ExpatError, ValueError):
            return Found.FOREIGN
        if not isinstance(found, dict) or found.get("Label") != LABEL:
            return Found.FOREIGN
        wanted = self._values()
        same = all(found.get(key) == wanted[key] for key in ("ProgramArguments", "WorkingDirectory", "RunAtLoad"))
        return Found.ON if same and not found.get("Disabled") else Found.OURS

    def _content(self) -> bytes:
        try:
            return plistlib.dumps(self._values())
        except ValueError as error:
            raise ValueError("its path has characters that a property list cannot hold") from error

    def _values(self) -> dict[str, object]:
        return {
            "Label": LABEL,
            "ProgramArguments": [str(self._launch.program), *self._launch.arguments],
            "WorkingDirectory": str(self._launch.folder),
            "RunAtLoad": True,
            # Else launchd takes it for background work and slows it down.
            "ProcessType": "Interactive",
        }
