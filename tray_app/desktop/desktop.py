"""What the desktop does for us, in one place that can be handed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tray_app.desktop import clipboard, folder_dialog, recycle, reveal


@dataclass(frozen=True, slots=True)
class Desktop:
    """The system's own ways. All but `open_folder` may wait, and raise `OSError` where they fail."""

    open_folder: Callable[[Path], None] = reveal.open_folder
    open_file: Callable[[Path], None] = reveal.open_file
    show_file: Callable[[Path], None] = reveal.show_file
    copy: Callable[[str], None] = clipboard.copy
    recycle: Callable[[Sequence[Path]], None] = recycle.recycle
    ask_for_folder: Callable[[Path], Path | None] = folder_dialog.ask_for_folder
