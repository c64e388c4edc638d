"""Prints all that a user reads, by subject: `python -m tray_app.sentences`."""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

FORMS = "forms"
"""The module that says nothing itself."""

_SPACED, _JOINED = {"Said", "Notice"}, {"label"}
"""What says its arguments one behind the other, with spaces between them or without."""


def subjects() -> dict[str, ast.Module]:
    """Return the modules that say something, parsed, by their names."""
    files = sorted(Path(__file__).parent.glob("[!_]*.py"))
    return {file.stem: ast.parse(file.read_text(encoding="utf-8")) for file in files if file.stem != FORMS}


def texts(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each text in a module behind the name of what says it, with the code of what is filled in in braces."""
    for statement in module.body:
        if isinstance(statement, ast.FunctionDef):
            for line in statement.body[1:]:  # behind the docstring
                yield from ((statement.name, text) for text in _within(line))
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            name = ast.unparse(statement.targets[0] if isinstance(statement, ast.Assign) else statement.target)
            yield from ((name, text) for text in _within(statement.value))


def _within(node: ast.AST) -> Iterator[str]:
    """Yield the texts in a piece of code, but for what only names something: keys, and what is compared."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in (_SPACED | _JOINED):
        parts = (text_of(part) for part in [*node.args, *(word.value for word in node.keywords)])
        yield (" " if ast.unparse(node.func) in _SPACED else "").join(filter(None, parts))
    elif isinstance(node, ast.JoinedStr):
        yield text_of(node)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and any(map(str.isalpha, node.value)):
            yield node.value
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _within(value)
    elif not isinstance(node, ast.Compare | ast.Subscript):
        for inner in ast.iter_child_nodes(node):
            yield from _within(inner)


def text_of(node: ast.expr) -> str:
    """Return a text as it stands in the code, with the code of what is filled in in braces."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.FormattedValue):
        return "{" + ast.unparse(node.value) + "}"
    if isinstance(node, ast.JoinedStr):
        return "".join(map(text_of, node.values))
    return "{" + ast.unparse(node) + "}"


def main() -> None:
    """Print it, in UTF-8 also where it goes into a file on Windows."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    for subject, module in subjects().items():
        about = (ast.get_docstring(module) or "").partition("\n")[0]
        sys.stdout.write(f"\n{subject.upper()}: {about}\n\n")
        last = ""
        for name, text in texts(module):
            sys.stdout.write(f"  {name if name != last else '':<26} {text}\n")
            last = name


if __name__ == "__main__":
    main()
