from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.effort import effort, tenth
from tray_app import settings
from tray_app.disk import Disk
from tray_app.errors import SettingError
from tray_app.loading import load
from tray_app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
NAMES = re.findall(r"^#(RECORDER_\w+)=", settings.example(), re.MULTILINE)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """An empty .env, so that no test reads the one of whoever runs it."""
    file = tmp_path / "of user" / ".env"
    file.parent.mkdir()
    file.write_text("")
    return file


def refusal(overrides: dict[str, str], environ: dict[str, str], env_file: Path) -> str:
    with pytest.raises(SettingError) as caught:
        load(overrides, environ, env_file)
    text = str(caught.value)
    assert caught.value.exit_status == 2
    assert text
    assert len(text.splitlines()) == 1
    return text


def test_defaults(env_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_music_path", lambda: tmp_path / "Sound")
    got = load({}, {}, env_file)
    assert got.save_folder == tmp_path / "Sound" / "Recordings"
    assert (got.file_name, got.source) == ("recording_{date}_{time}", "default")
    assert (got.sample_rate, got.channels, got.bit_depth, got.chunk_frames) == (None, None, 24, 512)
    assert (got.remove_silence, got.min_silence_len, got.silence_thresh, got.keep_original) == (True, 500, -40.0, True)
    assert (got.max_minutes, got.notify, got.log_level) == (0.0, True, "INFO")
    assert set(got.origin) == set(NAMES)
    assert set(got.origin.values()) == {"default"}
    assert got.unknown == ()


def test_the_strongest_wins_and_is_remembered(env_file: Path) -> None:
    env_file.write_text("RECORDER_BIT_DEPTH=16\nRECORDER_CHANNELS=1\nRECORDER_SOURCE=file's\n")
    environ = {"RECORDER_BIT_DEPTH": "24", "RECORDER_CHANNELS": "2"}
    got = load({"RECORDER_BIT_DEPTH": "32"}, environ, env_file)
    assert (got.bit_depth, got.channels, got.source) == (32, 2, "file's")
    assert got.origin["RECORDER_BIT_DEPTH"] == "command line"
    assert got.origin["RECORDER_CHANNELS"] == "environment"
    assert got.origin["RECORDER_SOURCE"] == str(env_file)
    assert got.origin["RECORDER_NOTIFY"] == "default"
    assert got.env_file == env_file


def test_an_empty_value_is_the_default(env_file: Path) -> None:
    env_file.write_text("RECORDER_BIT_DEPTH=16\nRECORDER_CHANNELS=\nRECORDER_SOURCE=''\n")
    got = load({}, {"RECORDER_BIT_DEPTH": " "}, env_file)
    assert (got.bit_depth, got.channels, got.source) == (24, None, "default")
    assert got.origin["RECORDER_BIT_DEPTH"] == "default"


WRONG = [
    ("RECORDER_BIT_DEPTH", "20", "16, 24 or 32"),
    ("RECORDER_SAMPLE_RATE", "7999", "device, or a whole number from 8000 to 192000"),
    ("RECORDER_SAMPLE_RATE", "192001", "device, or"),
    ("RECORDER_SAMPLE_RATE", "48_000", "device, or"),
    ("RECORDER_SAMPLE_RATE", "48k", "device, or"),
    ("RECORDER_CHANNELS", "0", "device, or a whole number from 1 to 8"),
    ("RECORDER_CHANNELS", "9", "from 1 to 8"),
    ("RECORDER_CHUNK_FRAMES", "63", "a whole number from 64 to 8192"),
    ("RECORDER_CHUNK_FRAMES", "512.0", "a whole number"),
    ("RECORDER_REMOVE_SILENCE", "maybe", "true or false"),
    ("RECORDER_MIN_SILENCE_LEN", "0", "a whole number from 1 to 60000"),
    ("RECORDER_MIN_SILENCE_LEN", "٥٠٠", "a whole number from 1 to 60000"),
    ("RECORDER_MIN_SILENCE_LEN", "9" * 5000, "a whole number from 1 to 60000"),
    ("RECORDER_SILENCE_THRESH", "0.1", "a number from -120 to 0"),
    ("RECORDER_SILENCE_THRESH", "-120.5", "a number from -120 to 0"),
    ("RECORDER_SILENCE_THRESH", "nan", "a number from -120 to 0"),
    ("RECORDER_SILENCE_THRESH", "-inf", "a number from -120 to 0"),
    ("RECORDER_SILENCE_THRESH", "-40,5", "a number from -120 to 0"),
    ("RECORDER_MAX_MINUTES", "-1", "a number from 0 to 100000"),
    ("RECORDER_LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING or ERROR"),
    ("RECORDER_FILE_NAME", "{when}", "{date} and {time}"),
    ("RECORDER_FILE_NAME", "take{", "{date} and {time}"),
    ("RECORDER_FILE_NAME", "take}", "{date} and {time}"),
    ("RECORDER_FILE_NAME", "{date!r}", "{date} and {time}"),
    ("RECORDER_FILE_NAME", ". .", "No file can be named so."),
    ("RECORDER_FILE_NAME", "é" * 101, "too long"),
    ("RECORDER_SAVE_FOLDER", "C:\takes", "backslash"),
    ("RECORDER_SOURCE", "a\x1b[2Jb", "source"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), WRONG)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, value: str, allowed: str, env_file: Path) -> None:
    text = refusal({name: value}, {}, env_file)
    assert text.startswith(f'{name} is "')
    assert "(from the command line)" in text
    assert allowed in text
    assert text.isprintable()
    assert len(text) < 300


@pytest.mark.posix("Windows guesses where another user's folder would be")
def test_a_home_that_is_not_known_is_refused(env_file: Path) -> None:
    assert "home folder" in refusal({"RECORDER_SAVE_FOLDER": "~nobody-has-this-name/x"}, {}, env_file)


def test_an_error_tells_where_the_value_came_from(env_file: Path) -> None:
    env_file.write_text("RECORDER_BIT_DEPTH=20")
    expected = f'RECORDER_BIT_DEPTH is "20" (from {env_file}); allowed: 16, 24 or 32.'
    assert refusal({}, {}, env_file) == expected
    assert "(from the environment)" in refusal({}, {"RECORDER_BIT_DEPTH": "21"}, env_file)


@pytest.mark.parametrize("value", ["true", "YES", "On", "1", " true "])
def test_switched_on(value: str, env_file: Path) -> None:
    env_file.write_text("RECORDER_NOTIFY=no")
    assert load({"RECORDER_NOTIFY": value}, {}, env_file).notify is True


@pytest.mark.parametrize("value", ["false", "No", "OFF", "0"])
def test_switched_off(value: str, env_file: Path) -> None:
    assert load({"RECORDER_NOTIFY": value}, {}, env_file).notify is False


def test_edges_are_allowed(env_file: Path) -> None:
    low = {"SAMPLE_RATE": "8000", "CHANNELS": "1", "CHUNK_FRAMES": "64", "MIN_SILENCE_LEN": "1"}
    low |= {"SILENCE_THRESH": "-120", "MAX_MINUTES": "0.5", "LOG_LEVEL": "debug"}
    got = load({f"RECORDER_{name}": value for name, value in low.items()}, {}, env_file)
    assert (got.sample_rate, got.channels, got.chunk_frames, got.min_silence_len) == (8000, 1, 64, 1)
    assert (got.silence_thresh, got.max_minutes, got.log_level) == (-120.0, 0.5, "DEBUG")
    high = {"SAMPLE_RATE": "192000", "CHANNELS": "8", "CHUNK_FRAMES": "8192", "MIN_SILENCE_LEN": "60000"}
    high |= {"SILENCE_THRESH": "0", "MAX_MINUTES": "100000", "FILE_NAME": "{time}", "SAMPLE_RATE": "192000"}
    got = load({f"RECORDER_{name}": value for name, value in high.items()}, {}, env_file)
    assert (got.sample_rate, got.channels, got.chunk_frames, got.min_silence_len) == (192000, 8, 8192, 60000)
    assert (got.silence_thresh, got.max_minutes, got.file_name) == (0.0, 100000.0, "{time}")
    assert load({"RECORDER_SAMPLE_RATE": "Device"}, {}, env_file).sample_rate is None
    assert load({"RECORDER_SILENCE_THRESH": "-40.5"}, {}, env_file).silence_thresh == -40.5


def test_relative_save_folder(env_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    env_file.write_text("RECORDER_SAVE_FOLDER=takes")
    assert load({}, {}, env_file).save_folder == env_file.parent / "takes"
    assert load({}, {}, env_file.relative_to(tmp_path)).save_folder == env_file.parent / "takes"
    assert load({}, {"RECORDER_SAVE_FOLDER": "takes"}, env_file).save_folder == tmp_path / "takes"
    assert load({"RECORDER_SAVE_FOLDER": "takes"}, {}, env_file).save_folder == tmp_path / "takes"


def test_home_in_save_folder(env_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    env_file.write_text("RECORDER_SAVE_FOLDER=~/My Takes")
    assert load({}, {}, env_file).save_folder == tmp_path / "My Takes"


def test_a_save_folder_is_taken_as_written(env_file: Path) -> None:
    folder = env_file.parent / "$HOME" / "${RECORDER_SOURCE} #1"
    env_file.write_text(f"RECORDER_SAVE_FOLDER='{written(folder)}'")
    assert load({}, {}, env_file).save_folder == folder


def test_unknown_names_are_told_with_what_was_meant(env_file: Path) -> None:
    env_file.write_text("RECORDER_BITDEPTH=16\nPATH=/bin\nrecorder_notify=no\n")
    got = load({}, {"RECORDER_ZZZZ": "1", "HOME": "/"}, env_file)
    assert got.bit_depth == 24
    assert got.notify is True
    assert sorted(got.unknown) == [
        f"RECORDER_BITDEPTH (from {env_file}) is not a setting; did you mean RECORDER_BIT_DEPTH?",
        "RECORDER_ZZZZ (from the environment) is not a setting.",
        f"recorder_notify (from {env_file}) is not a setting; did you mean RECORDER_NOTIFY?",
    ]


@pytest.mark.parametrize(
    "line", ['RECORDER_BIT_DEPTH="16', "RECORDER_BIT_DEPTH 16", "RECORDER_BIT_DEPTH", "x RECORDER_BIT_DEPTH=16"]
)
def test_a_broken_line_of_ours_is_not_passed_over(line: str, env_file: Path) -> None:
    env_file.write_text(f"# mine\n{line}\n")
    text = refusal({}, {}, env_file)
    assert text.startswith("RECORDER_BIT_DEPTH cannot be read: line 2 of ")
    assert str(env_file) in text


def test_a_broken_line_of_others_is_told(env_file: Path) -> None:
    env_file.write_text("what is this\nRECORDER_BIT_DEPTH=16\n")
    got = load({}, {}, env_file)
    assert got.bit_depth == 16
    assert got.unknown == (f"Line 1 of {env_file} is not NAME=value and was passed over.",)


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_byte_order_mark_and_line_ends(start: bytes, end: bytes, env_file: Path) -> None:
    env_file.write_bytes(start + end.join([b"RECORDER_BIT_DEPTH=16", b"export RECORDER_SOURCE = 'a b' # c", b""]))
    got = load({}, {}, env_file)
    assert (got.bit_depth, got.source, got.unknown) == (16, "a b", ())


def test_files_that_are_no_settings(tmp_path: Path) -> None:
    text = refusal({}, {}, tmp_path / "missing.env")
    assert str(tmp_path / "missing.env") in text
    assert "not there" in text
    assert "is a folder" in refusal({}, {}, tmp_path)
    for content, why in [
        (b"RECORDER_SOURCE=\xff", "not UTF-8"),
        ("RECORDER_SOURCE=x".encode("utf-16"), "not UTF-8"),
        ("RECORDER_SOURCE=x".encode("utf-16-le"), "not UTF-8"),
        (b"#" * 1_100_000, "too large"),
    ]:
        (tmp_path / "odd.env").write_bytes(content)
        assert f"{tmp_path / 'odd.env'}: it is {why}" in refusal({}, {}, tmp_path / "odd.env")


def test_an_unreadable_file(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Disk, "open_read", refuse)
    assert "there is no permission" in refusal({}, {}, env_file)


def run_from(folder: Path, cwd: Path, config: Path, flags: str = "") -> str:
    """Load settings in a program that lies in `folder`; return the source it found."""
    code = f"import os, sys\n{flags}\nfrom tray_app.loading import load\nprint(load({{}}, {{}}, None).source)"
    environ = {**os.environ, "PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}
    environ |= {"XDG_CONFIG_HOME": str(config), "WIN_PD_OVERRIDE_LOCAL_APPDATA": str(config)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_where_the_file_is_looked_for(tmp_path: Path) -> None:
    cwd, checkout, installed, config = (tmp_path / name for name in ("cwd", "checkout", "site-packages", "config"))
    for folder in (cwd, checkout, installed, config / "Tray Recorder"):
        folder.mkdir(parents=True)
    for folder in (checkout, installed):
        shutil.copytree(ROOT / "tray_app", folder / "tray_app", ignore=shutil.ignore_patterns("__pycache__"))
    (checkout / "pyproject.toml").touch()
    (cwd / ".env").write_text("RECORDER_SOURCE=current")
    (installed / ".env").write_text("RECORDER_SOURCE=installed")
    frozen = f"sys.frozen = True; sys.executable = {str(cwd / 'tray-recorder.exe')!r}"
    assert run_from(checkout, cwd, config) == "default"
    assert run_from(installed, cwd, config) == "default"
    (config / "Tray Recorder" / ".env").write_text("RECORDER_SOURCE=config")
    assert run_from(checkout, cwd, config) == "config"
    assert run_from(installed, cwd, config) == "config"
    assert run_from(installed, tmp_path, config, frozen) == "current"
    (checkout / ".env").write_text("RECORDER_SOURCE=checkout")
    assert run_from(checkout, cwd, config) == "checkout"


def test_the_example_loads_and_means_the_defaults(env_file: Path) -> None:
    env_file.write_text(settings.example())
    assert load({}, {}, env_file) == load({}, {}, Path(os.devnull))
    env_file.write_text(settings.example().replace("#RECORDER_", "RECORDER_"))
    got = load({}, {}, env_file)
    assert got == load({}, {}, Path(os.devnull))
    assert got.unknown == ()
    assert set(got.origin.values()) == {str(env_file), "default"}


ODD_VALUES = st.sampled_from(
    ["16", "true", "-40", "device", "{date}", "~", "~x", "/a", "", "\\", "\\n", "'", '"', "\0", "#", "=", "\x85"]
)
ODD_LINES = st.builds(
    lambda name, equals, quote, value, end: f"{name}{equals}{quote}{value}{end}",
    st.sampled_from(
        [*NAMES, "RECORDER_", "export RECORDER_NOTIFY", "OTHER", "RECORDER_BIT_DEPHT", "#RECORDER_NOTIFY", "'"]
    ),
    st.sampled_from(["=", " = ", "", "==", ":"]),
    st.sampled_from(["", "'", '"']),
    ODD_VALUES | st.text(max_size=20) | st.integers(0, 60_000).map(lambda length: "x" * length),
    st.sampled_from(["\n", "\r\n", "\r", "'\n", '"\n', " # end\n", ""]),
)
TEXTS = (st.lists(ODD_LINES, max_size=8).map("".join) | st.text(max_size=200)).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)
CONTENTS = st.builds(
    lambda mark, body: mark + body, st.sampled_from([b"", b"\xef\xbb\xbf"]), TEXTS | st.binary(max_size=200)
)


@pytest.fixture(scope="module")
def random_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("random") / ".env"


@hypothesis_settings(deadline=None, max_examples=tenth(20_000))
@given(content=CONTENTS)
@example(content=b"RECORDER_SAVE_FOLDER=" + b"/x" * 400_000)
@example(content=b'RECORDER_SOURCE="' + b"\\" * 200_001)
def test_any_file_gives_settings_or_one_line_that_names_it(content: bytes, random_file: Path) -> None:
    random_file.write_bytes(content)
    try:
        got = load({}, {}, random_file)
    except SettingError as error:
        text = str(error)
        assert len(text.splitlines()) == 1
        assert text.isprintable()
        assert "RECORDER_" in text or str(random_file) in text
        assert len(text) < 400
    else:
        assert isinstance(got, Settings)
        assert got.save_folder.is_absolute()
        assert all(len(line.splitlines()) == 1 for line in got.unknown)


GOOD = st.fixed_dictionaries(
    {},
    optional={
        "bit_depth": st.sampled_from([16, 24, 32]),
        "chunk_frames": st.integers(64, 8192),
        "sample_rate": st.none() | st.integers(8000, 192000),
        "channels": st.none() | st.integers(1, 8),
        "min_silence_len": st.integers(1, 60000),
        "silence_thresh": st.integers(-1200, 0).map(lambda tenths: tenths / 10),
        "keep_silence": st.integers(0, 10000),
        "longest_pause": st.integers(0, 60000),
        "cut": st.sampled_from(["everywhere", "edges"]),
        "shortest_sound": st.integers(0, 10000),
        "fade": st.integers(0, 1000),
        "notify": st.booleans(),
        "keep_original": st.booleans(),
        "source": st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(lambda t: t.strip() == t),
    },
)


def written(value: object) -> str:
    if value is None:
        return "device"
    return str(value).replace("\\", "\\\\").replace("'", "\\'")


@hypothesis_settings(deadline=None, max_examples=effort(300, 60))
@given(good=GOOD)
def test_what_is_written_is_what_is_read(good: dict[str, object], random_file: Path) -> None:
    lines = [f"RECORDER_{field.upper()}='{written(value)}'\n" for field, value in good.items()]
    random_file.write_text("".join(lines), encoding="utf-8")
    got = load({}, {}, random_file)
    assert {field: getattr(got, field) for field in good} == good
    assert {name for name, origin in got.origin.items() if origin != "default"} == {
        f"RECORDER_{f.upper()}" for f in good
    }
