"""The modules of `packaging/`, which is a folder of scripts and no package: PyPI's `packaging` has that name."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGING = ROOT / "packaging"

sys.path.insert(0, str(PACKAGING))
try:
    import licences
    import release
finally:
    sys.path.remove(str(PACKAGING))

__all__ = ["PACKAGING", "ROOT", "licences", "release"]
