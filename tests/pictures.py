"""Makes the documents' pictures of what the tests have photographed: `python -m tests.pictures`.

Run the tests of tests/windows and tests/linux first. Each picture is cut to what is on the screen, without the desktop.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageChops

ROOT = Path(__file__).resolve().parent.parent
TAKEN, KEPT = ROOT / "tests" / "out", ROOT / "docs" / "pictures"


def cut(whole: Image.Image) -> Image.Image:
    """Return what is not the desktop, whose colour is that of the last pixel."""
    screen = whole.convert("RGB")
    ground = Image.new("RGB", screen.size, screen.getpixel((screen.width - 1, screen.height - 1)))
    return screen.crop(ImageChops.difference(screen, ground).getbbox())


def main() -> None:
    """Cut them and put them where the documents look for them."""
    for name in ("menu-recording", "menu-silence", "balloon"):
        cut(Image.open(TAKEN / "windows" / f"{name}.png")).save(KEPT / f"{name}.png", optimize=True)
    Image.open(TAKEN / "linux" / "menu-recording.png").save(KEPT / "linux-menu.png", optimize=True)
    icon = Image.open(TAKEN / "linux" / "icon-recording.png")
    icon.resize((icon.width * 3, icon.height * 3), Image.Resampling.NEAREST).save(
        KEPT / "linux-icon.png", optimize=True
    )


if __name__ == "__main__":
    main()
