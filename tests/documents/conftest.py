"""What all tests of the documents have in common."""

from __future__ import annotations

import pytest

from tests.documents.markdown import Document, documents


@pytest.fixture(params=documents(), ids=lambda document: document.name)
def document(request: pytest.FixtureRequest) -> Document:
    """Each document in turn."""
    found: Document = request.param
    return found
