"""What can go wrong, said so that a user can act on it.

Every error that a user can cause or meet is a `RecorderError`: one line that says what happened, what is safe
and what to do. The technical detail goes to the log, never to the screen.
"""

from __future__ import annotations

from tray_app.sentences.forms import Said


class RecorderError(Exception):
    """The base of all expected errors.

    `said` is what happened, what is safe and what to do, from `tray_app.sentences`. `detail` is for the log only:
    codes, paths, the library's own words.
    """

    exit_status = 1

    def __init__(self, said: Said, *, detail: str = "") -> None:
        super().__init__(said.what)
        self.said = said
        self.detail = detail

    @property
    def what(self) -> str:
        """What happened, in one sentence."""
        return self.said.what

    @property
    def safe(self) -> str:
        """What is not lost; may be empty."""
        return self.said.safe

    @property
    def todo(self) -> str:
        """What to do now; may be empty."""
        return self.said.todo

    def __str__(self) -> str:
        """Return the one line for the user: the sentences that are not empty, joined by spaces."""
        return " ".join(" ".join(part.split()) for part in self.said if part)


class SettingError(RecorderError):
    """A setting or an argument that cannot be: names the variable, its value, and what is allowed."""

    exit_status = 2


class SourceError(RecorderError):
    """A source of sound cannot be listed, opened or read."""


class BackendUnavailableError(SourceError):
    """There is no way to capture sound here: no sound server, or a library is missing."""


class BackendFailedError(BackendUnavailableError):
    """A sound system fails in a way that nobody foresaw: a driver's, or a library's own mistake."""


class SourceNotFoundError(SourceError):
    """No source has the name or id that was asked for, or there is no default output."""


class SourceLostError(SourceError):
    """A source that was open delivers nothing any more: unplugged, removed, or its server ended."""


class StorageError(RecorderError):
    """A file or folder cannot be made, written or read: full, not permitted, gone."""


class AudioFileError(RecorderError):
    """A file is not sound that can be read here, or is damaged beyond use."""


class OutputExistsError(RecorderError):
    """A file that would be written exists already; nothing was changed."""


class TakeBusyError(RecorderError):
    """A take is still being recorded or finished, so it cannot be worked on otherwise."""
