"""Public names say what they raise. That each has a docstring at all, ruff sees (`D` in pyproject.toml)."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

import pytest

from tests.documents.markdown import ROOT
from tray_app import errors

OURS = {name for name, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, errors.RecorderError)}


def test_public_functions_say_which_errors_they_raise() -> None:
    files = sorted((ROOT / "tray_app").rglob("*.py"))
    known = OURS.union(*(subclasses(ast.parse(file.read_text(encoding="utf-8"))) for file in files))
    found = {
        file.relative_to(ROOT).as_posix(): silent(ast.parse(file.read_text(encoding="utf-8")), known) for file in files
    }
    assert {file: lines for file, lines in found.items() if lines} == {}


def subclasses(tree: ast.Module) -> set[str]:
    """Return the errors of ours that a module adds."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {one.name for one in classes if any(isinstance(base, ast.Name) and base.id in OURS for base in one.bases)}


def silent(tree: ast.Module, known: set[str]) -> list[str]:
    """Return the public functions and methods that raise one of these errors and do not say so, with their lines."""
    return [
        f"{function.lineno}: {function.name} raises {', '.join(sorted(raised))}"
        for function in public(tree)
        if (raised := set(raises(function)) & known) and not says(function, raised)
    ]


def public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public(node)


def raises(function: ast.AST) -> Iterator[str]:
    """Yield the names of what is raised in a function itself, not in those within it."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.Raise):
            one = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(one, ast.Name):
                yield one.id
        elif not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            yield from raises(node)


def says(function: ast.FunctionDef, raised: set[str]) -> bool:
    """Whether a docstring names each of these errors or the base of all, or another function that raises the same."""
    text = ast.get_docstring(function) or ""
    return (
        {*re.findall(r"\w+", text)} >= raised
        or "RecorderError" in text
        or re.search(r"[Rr]aises as `", text) is not None
    )


@pytest.mark.parametrize(
    ("docstring", "found"),
    [
        ("Do it.", True),
        ("Do it. Raises `SettingError`.", True),
        ("Do it. Raises `StorageError` when it cannot.", False),
        ("Do it. Raises `RecorderError` when it cannot.", False),
        ("Do it. Raises as `g`.", False),
        ("Do it. Raises when it cannot.", True),
    ],
)
def test_who_does_not_say_is_found(docstring: str, found: bool) -> None:
    tree = ast.parse(f'def f():\n    """{docstring}"""\n    with x:\n        raise StorageError("x")\n')
    assert bool(silent(tree, OURS)) == found
