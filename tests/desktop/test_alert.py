"""The box of a program that has no other way to say something."""

from __future__ import annotations

import logging
import sys

import pytest

from tray_app.desktop import alert

SHOWN = list[tuple[str, str]]


def test_it_is_shown_where_there_is_no_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: SHOWN = []
    monkeypatch.setattr(sys, "stderr", None)
    alert.show("RECORDER_BIT_DEPTH is 20.", lambda *said: shown.append(said))
    assert shown == [("Tray Recorder", "RECORDER_BIT_DEPTH is 20.")]


def test_it_is_not_shown_where_a_line_can_be_read() -> None:
    shown: SHOWN = []
    alert.show("RECORDER_BIT_DEPTH is 20.", lambda *said: shown.append(said))
    assert shown == []


def test_a_box_that_cannot_be_shown_is_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(caption: str, text: str) -> None:
        raise OSError("no desktop")

    monkeypatch.setattr(sys, "stderr", None)
    alert.show("text", fail)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "no desktop" in caplog.text


@pytest.mark.posix("Windows has one; see tests/windows/test_shell.py")
def test_other_systems_have_no_box(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    alert.show("text")
    assert capfd.readouterr() == ("", "")
