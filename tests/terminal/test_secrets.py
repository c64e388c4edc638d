"""The log of a whole run holds nothing of the environment, and nothing of what else stands in a `.env`."""

from __future__ import annotations

from pathlib import Path

from tests.terminal.program import clean_env, run

SECRET = "correct-horse-battery-staple"


def test_the_log_holds_no_secrets(tmp_path: Path) -> None:
    settings = tmp_path / "settings.env"
    settings.write_text(f"API_TOKEN={SECRET}-1\n{SECRET}-2\nRECORDER_TOKEN={SECRET}-3\nRECORDER_LOG_LEVEL=DEBUG\n")
    env = clean_env(tmp_path) | {"CLOUD_PASSWORD": f"{SECRET}-4", "RECORDER_PASSWORD": f"{SECRET}-5"}
    cookie = tmp_path / "home" / ".config" / "pulse" / "cookie"
    cookie.parent.mkdir(parents=True)
    cookie.write_bytes(SECRET.encode() * 10)
    shown = []
    for arguments in (("record", "--source", "signal", "--seconds", "1", "--json"), ("doctor",), ("recover",)):
        done = run("--env-file", settings, *arguments, env=env)
        shown += [done.stdout, done.stderr]
    logs = list((tmp_path / "home").rglob("*.log*"))
    text = "".join(path.read_text() for path in logs)
    assert "recording Built-in test signal" in text
    assert "RECORDER_TOKEN" in text, "its name is said, since it is no setting"
    assert SECRET not in text
    assert SECRET not in "".join(shown)
    assert [path.stat().st_mode & 0o777 for path in logs] == [0o600] * len(logs)
