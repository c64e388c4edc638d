from __future__ import annotations

import inspect

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tray_app import errors
from tray_app.errors import RecorderError, SettingError
from tray_app.sentences.forms import Said

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, RecorderError)]


@pytest.mark.parametrize("kind", KINDS)
def test_status_tells_wrong_usage_from_failure(kind: type[RecorderError]) -> None:
    assert kind(Said("x")).exit_status == (2 if issubclass(kind, SettingError) else 1)


def test_the_line_says_what_happened_what_is_safe_and_what_to_do() -> None:
    error = RecorderError(Said("The disk is full.", safe="The take is safe.", todo="Free some space."), detail="ENOSPC")
    assert str(error) == "The disk is full. The take is safe. Free some space."
    assert error.detail == "ENOSPC"
    assert (
        str(RecorderError(Said("The disk is full.", todo="Free some space."))) == "The disk is full. Free some space."
    )
    assert str(RecorderError(Said("The disk is full."))) == "The disk is full."


@hypothesis_settings(deadline=None)
@given(parts=st.tuples(st.text(), st.text(), st.text(), st.text()))
def test_whatever_it_says_it_is_one_line_with_every_word(parts: tuple[str, str, str, str]) -> None:
    what, safe, todo, detail = parts
    text = str(RecorderError(Said(what, safe, todo), detail=detail))
    assert len(text.splitlines()) <= 1
    assert text.split() == [*what.split(), *safe.split(), *todo.split()]
