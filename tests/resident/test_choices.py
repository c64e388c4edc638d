"""What is chosen in the menu: it holds at once, and is kept."""

from __future__ import annotations

import io
from pathlib import Path

import soundfile

from tests.recorder.fake import OUTPUT
from tests.resident.desk import Desk
from tests.sound import wait_until
from tray_app.capture.base import Source
from tray_app.disk import Disk
from tray_app.errors import StorageError
from tray_app.loading import load
from tray_app.presets import PRESETS, current, texts_of
from tray_app.sentences.forms import Said
from tray_app.states import State
from tray_app.tray.view import Action


def test_start_with_the_desktop_is_switched(desk: Desk) -> None:
    desk.tray.pick(Action.AUTOSTART)
    desk.sees(lambda view: view.autostart)
    assert desk.autostart.on
    desk.tray.pick(Action.AUTOSTART)
    desk.sees(lambda view: view.autostart is False)
    assert not desk.autostart.on


def test_a_shortcut_that_cannot_be_written_is_said(desk: Desk) -> None:
    desk.autostart.refuses = StorageError(Said("Cannot write the shortcut: there is no permission."))
    desk.tray.pick(Action.AUTOSTART)
    assert "no permission" in desk.sees(lambda view: view.trouble).trouble
    assert desk.view.autostart is False


# Choices


def test_a_choice_holds_from_the_next_take_and_survives_a_restart(desk: Desk) -> None:
    desk.record(0.3)
    desk.tray.pick(Action.CHOOSE, "RECORDER_BIT_DEPTH=16")
    desk.tray.pick(Action.CHOOSE, "RECORDER_CHANNELS=1")
    desk.sees(lambda view: view.settings and (view.settings.bit_depth, view.settings.channels) == (16, 1))
    desk.tray.pick(Action.STOP)
    desk.sees(lambda view: view.state is State.IDLE and not view.working and view.recent)
    desk.record(0.3)
    desk.tray.pick(Action.STOP)
    desk.sees(lambda view: view.state is State.IDLE and not view.working and len(view.recent) == 2)
    first, second = (soundfile.info(desk.folder / name) for name in ("take.wav", "take (2).wav"))
    assert (first.subtype, first.channels, second.subtype, second.channels) == ("PCM_24", 2, "PCM_16", 1)
    wait_until(lambda: "RECORDER_CHANNELS=1\n" in desk.env_file.read_text(), 20, "it is kept")
    assert desk.env_file.read_text().startswith("# mine\n")
    again = load({}, {}, desk.env_file)
    assert (again.bit_depth, again.channels) == (16, 1)


class CountingDisk(Disk):
    """Counts how often the settings are written."""

    writes = 0

    def create(self, path: Path) -> io.FileIO:
        self.writes += path.suffix == ".tmp"
        return super().create(path)


def test_a_preset_is_one_choice_and_one_write(tmp_path: Path) -> None:
    disk = CountingDisk()
    desk = Desk(tmp_path / "takes", disk=disk)
    desk.start()
    desk.tray.pick(Action.CHOOSE, "\n".join(f"{name}={text}" for name, text in texts_of("music").items()))
    desk.sees(lambda view: view.settings and current(view.settings) is PRESETS[2])
    wait_until(lambda: "RECORDER_FADE=20\n" in desk.env_file.read_text(), 20, "it is kept")
    assert disk.writes == 1
    assert desk.env_file.read_text().startswith("# mine\n")
    assert current(load({}, {}, desk.env_file)) is PRESETS[2]
    desk.resident.quit()
    desk.ended()


def test_of_several_values_none_holds_where_one_is_not_allowed(desk: Desk) -> None:
    before = desk.app.settings
    desk.tray.pick(Action.CHOOSE, "RECORDER_FADE=20\nRECORDER_CUT=nowhere")
    assert "RECORDER_CUT" in desk.sees(lambda view: view.trouble).trouble
    assert desk.app.settings == before


def test_notifications_are_switched_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "takes", notify=True)
    desk.start()
    desk.tray.pick(Action.CHOOSE, "RECORDER_NOTIFY=false")
    assert not desk.app.notifier.notify("a", "b")
    desk.tray.pick(Action.CHOOSE, "RECORDER_NOTIFY=true")
    assert desk.app.notifier.notify("a", "b")
    desk.resident.quit()
    desk.ended()
    assert "RECORDER_NOTIFY=true\n" in desk.env_file.read_text()


def test_a_choice_that_cannot_be_kept_is_said_and_holds(desk: Desk) -> None:
    desk.env_file.unlink()
    desk.env_file.mkdir()
    desk.tray.pick(Action.CHOOSE, "RECORDER_BIT_DEPTH=16")
    trouble = desk.sees(lambda view: view.trouble).trouble
    assert str(desk.env_file) in trouble
    assert desk.app.settings.bit_depth == 16
    desk.env_file.rmdir()


def test_another_folder_is_chosen(desk: Desk, tmp_path: Path) -> None:
    desk.tray.pick(Action.CHOOSE_FOLDER)
    desk.picked = tmp_path / "else where"
    wait_until(lambda: desk.app.settings.save_folder != desk.picked, 1)
    desk.tray.pick(Action.CHOOSE_FOLDER)
    desk.sees(lambda view: view.settings and view.settings.save_folder == desk.picked, "the folder")
    desk.record(0.3)
    desk.tray.pick(Action.STOP)
    desk.sees(
        lambda view: [one.path for one in view.recent] == [tmp_path / "else where" / "take.wav"], "the take lies there"
    )
    assert load({}, {}, desk.env_file).save_folder == desk.picked


def test_sources_are_listed_and_followed(desk: Desk) -> None:
    desk.sees(lambda view: [(one.id, one.default) for one in view.sources] == [("out", True)], "the output")
    more = Source("mic", "Microphone", "input", "fake", 48000, 1)
    desk.backend.present = [OUTPUT, more]
    desk.backend.say_changed()
    desk.sees(lambda view: [(one.id, one.heard) for one in view.sources] == [("out", True), ("mic", False)])
    desk.tray.pick(Action.CHOOSE, "RECORDER_SOURCE=mic")
    desk.sees(lambda view: view.pinned == "mic")
    desk.backend.present = [OUTPUT]
    desk.backend.say_changed()
    gone = desk.sees(lambda view: view.pinned == "" and len(view.sources) == 1)
    assert gone.settings
    assert gone.settings.source == "mic"
