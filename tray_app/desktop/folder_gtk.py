"""GTK's folder dialog as a program: `python -m tray_app.desktop.folder_gtk TITLE FOLDER` prints what was chosen.

Ends with 0, or with 1 when it was cancelled.
"""

from __future__ import annotations

import sys

from tray_app.sentences import program as said


def main(title: str, folder: str) -> int:
    """Show the dialog and wait for the user."""
    import gi

    gi.require_version("Gtk", "3.0")
    from gi.repository import Gtk

    kind = Gtk.FileChooserAction.SELECT_FOLDER
    # The desktop's own where it has one (through the portal), else GTK's.
    dialog = Gtk.FileChooserNative.new(title, None, kind, said.CHOOSE, said.CANCEL)
    dialog.set_current_folder(folder)
    if dialog.run() != Gtk.ResponseType.ACCEPT:
        return 1
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    print(dialog.get_filename(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
