"""Makes the documents' pictures of what the tests have photographed: `python -m tests.pictures`.

Run the tests of tests/windows and tests/linux first. Each picture is cut to what is on the screen, without the desktop.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageChops

ROOT = Path(__file__).resolve().parent.parent
TAKEN, KEPT = ROOT / "tests" / "out", ROOT / "docs" / "pictures"

BAR = 56
"""Pixels at the top of Wine's screen in which its taskbar is."""


def cut(whole: Image.Image, top: int) -> Image.Image:
    """Return what is below `top` and is not the desktop, whose colour is that of the last pixel."""
    below = whole.convert("RGB").crop((0, top, *whole.size))
    ground = Image.new("RGB", below.size, below.getpixel((below.width - 1, below.height - 1)))
    return below.crop(ImageChops.difference(below, ground).getbbox())


def main() -> None:
    """Cut them and put them where the documents look for them."""
    for name in ("menu-idle", "menu-recording", "menu-silence"):
        cut(Image.open(TAKEN / "windows" / f"{name}.png"), BAR).save(KEPT / f"{name}.png", optimize=True)
    balloon = Image.open(TAKEN / "windows" / "balloon.png")
    cut(balloon, 0).save(KEPT / "balloon.png", optimize=True)
    Image.open(TAKEN / "linux" / "menu-recording.png").save(KEPT / "linux-menu.png", optimize=True)
    icon = Image.open(TAKEN / "linux" / "icon-recording.png")
    icon.resize((icon.width * 3, icon.height * 3), Image.Resampling.NEAREST).save(
        KEPT / "linux-icon.png", optimize=True
    )


if __name__ == "__main__":
    main()
