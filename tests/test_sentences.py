"""Holds that what a user reads stands in one place, and in one tone."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tray_app.sentences.__main__ import subjects, text_of, texts

ROOT = Path(__file__).resolve().parent.parent / "tray_app"

PLACES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("Problem", "Item", "note", "submenu", "say"), (0,)),
    **dict.fromkeys(("Notice", "Label", "label"), (0, 1)),
    **dict.fromkeys(("Said", "Check"), (0, 1, 2, 3)),
    **dict.fromkeys(("choice", "choice_of_several", "Answer"), (1,)),
    "Transition": (2,),
    "storage_error": (0,),
    "print": (0,),
}
"""What is called with something that a user reads, and in which places of its arguments."""

PREFIX = "tray-recorder: "
"""Stands before what is said on standard error: a name."""

READ = ("safe", "todo", "what", "text")
"""Named arguments that a user reads."""


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted(ROOT.rglob("*.py")):
        if file.parent.name != "sentences":
            yield file, ast.parse(file.read_text(encoding="utf-8"))


def errors() -> set[str]:
    """Return the names of `RecorderError` and all that derive from it."""
    bases = {
        node.name: {ast.unparse(base) for base in node.bases}
        for _, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
    }
    found = {"RecorderError"}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return found


def is_said(node: ast.expr, named: dict[str, ast.expr]) -> bool:
    """Whether an argument is a text of its own, here or by a name that was given to one in the same module."""
    if isinstance(node, ast.Name) and node.id in named:
        return is_said(named[node.id], {})
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            text = inner.value.replace(PREFIX, "")
            if " " in text.strip() and any(map(str.isalpha, text)):
                return True
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value[:1].isupper()


def outside(module: ast.Module, kinds: set[str]) -> list[str]:
    """Return the calls in a module that say something in words of their own."""
    named = {
        target.id: node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            places = (0, 1, 2, 3) if name in kinds else PLACES.get(name, ())
            said = [argument for place, argument in enumerate(node.args) if place in places]
            said += [argument.value for argument in node.keywords if places and argument.arg in READ]
            found += [ast.unparse(node) for argument in said if is_said(argument, named)]
    return found


def test_nobody_says_anything_in_words_of_its_own() -> None:
    kinds = errors()
    assert len(kinds) > 15
    told = {str(file.relative_to(ROOT)): outside(module, kinds) for file, module in modules()}
    assert {file: calls for file, calls in told.items() if calls} == {}


@pytest.mark.parametrize(
    "code",
    [
        'raise StorageError("The disk is full.", detail="x")',
        'raise errors.StorageError(f"{path} is full.")',
        'raise StorageError(said.FULL, todo="Free some.")',
        'text = f"{name} is muted."\nbus.post(Problem(text))',
        'Problem(f"{name} is gone." if gone else said.there(name))',
        'Notice(said.SAVED, "It is saved.")',
        'Item("Stop", Action.STOP)',
        'choice(settings, "Mono", "RECORDER_CHANNELS", "1")',
        'Label(f"Waiting for {name}")',
        'storage_error("write into", folder, error)',
        'storage_error(said.WRITE, folder, error, safe="Nothing is lost.")',
        'print(f"tray-recorder: it failed with {error}")',
    ],
)
def test_a_sentence_at_a_wrong_place_is_found(code: str) -> None:
    assert len(outside(ast.parse(code), {"StorageError"})) == 1


@pytest.mark.parametrize(
    "code",
    [
        'raise StorageError(said.full(path), detail="errno 28 of the system")',
        'choice(settings, said.MONO, "RECORDER_CHANNELS", "1")',
        "Problem(str(error))",
        'print(f"tray-recorder: {error}")',
        'OSError("the taskbar did not take the balloon")',
    ],
)
def test_what_nobody_reads_may_stand_anywhere(code: str) -> None:
    assert outside(ast.parse(code), {"StorageError"}) == []


# The tone

ALL = [(subject, name, text) for subject, module in subjects().items() for name, text in texts(module)]

LONGEST = 200
"""Characters of a sentence, with the code of what is filled in."""

FILLED = "\0"
"""Stands for what is filled in."""

NAMES = ("ffmpeg", "libsndfile", "--", FILLED)
"""What a sentence may begin with beside a capital: names that are written so."""


def sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.?]) (?=[A-Z`])", text.strip()) if part]


def faults(text: str) -> list[str]:
    """Return what is wrong with a text, as far as a program sees it."""
    plain = text
    while (shorter := re.sub(r"\{[^{}]*\}", FILLED, plain)) != plain:
        plain = shorter
    found = []
    if "!" in plain:
        found.append("shouts")
    if re.search(r"\b(please|sorry|oops|invalid|illegal|fatal|abort\w*)\b", plain, re.IGNORECASE):
        found.append("begs or blames")
    if "  " in plain.strip() and len(re.findall(r"[A-Za-z]+", plain)) > 2:
        found.append("has two spaces")
    if any(len(part) > LONGEST for part in sentences(text)):
        found.append("is too long")
    if plain.endswith((".", "?")) and not (plain.lstrip()[0].isupper() or plain.lstrip().startswith(NAMES)):
        found.append("begins small")
    if "..." in plain:
        found.append("has three dots for …")
    return found


def test_the_tone_is_one() -> None:
    assert len(ALL) > 250
    wrong = [(subject, name, text, fault) for subject, name, text in ALL for fault in faults(text)]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("It failed!", "shouts"),
        ("Please try again.", "begs or blames"),
        ("The name  is taken.", "has two spaces"),
        ("it is gone.", "begins small"),
        (f"The file {'x' * 200} is gone.", "is too long"),
        ("Choose folder...", "has three dots for …"),
    ],
)
def test_a_wrong_tone_is_found(text: str, fault: str) -> None:
    assert faults(text) == [fault]


def said_in(kind: str) -> Iterator[tuple[str, str]]:
    """Yield the texts that stand in calls of `kind`, with the name of the module."""
    for subject, module in subjects().items():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == kind:
                for argument in [*node.args, *(word.value for word in node.keywords)]:
                    if isinstance(argument, ast.JoinedStr):
                        yield subject, text_of(argument)
                    elif isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value:
                        yield subject, argument.value


def test_what_an_error_says_are_sentences() -> None:
    said = list(said_in("Said"))
    assert len(said) > 100
    assert [text for _, text in said if not text.endswith((".", "?", "}"))] == []


def test_a_label_is_no_sentence() -> None:
    labels = [*said_in("label"), *said_in("Label")]
    assert len(labels) > 40
    assert [text for _, text in labels if text.endswith((".", "?", ":"))] == []
    marked = [text for _, text in said_in("label") if "&" in text]
    assert all(text.count("&") == 1 for text in marked)
    assert all(text.replace("&", "")[0].isupper() for text in marked if text[0] != "{")


def test_a_terminal_is_told_nothing_by_colour() -> None:
    for file, module in modules():
        for node in ast.walk(module):
            said = node.value if isinstance(node, ast.Constant) else None
            assert "\x1b" not in (said if isinstance(said, str) else ""), f"{file} has a sequence of a terminal"
            assert not (isinstance(node, ast.keyword) and node.arg in ("colour", "color")), f"{file} asks for a colour"


def test_it_can_be_read_through() -> None:
    command = [sys.executable, "-m", "tray_app.sentences"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    assert re.search(r"^MENU: The menu and the tooltip\.$", done.stdout, re.MULTILINE)
    assert re.search(r"^ +START +&Start recording$", done.stdout, re.MULTILINE)
    for _, name, text in ALL:
        assert name in done.stdout
        assert text in done.stdout
