"""Print docs/plugin_reference.md from the docstrings: ``python -m plugins.reference docs/plugin_reference.md``."""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from plugins.loading.contract_version import CONTRACT_VERSION
from plugins.loading.extension_points import EXTENSION_POINTS

PARTNERS = "touchline.partners"
PUBLIC_MODULES = (PARTNERS, "touchline.testing")
"""The modules that packages import. Each lists its names in ``__all__``."""
SUBJECTS = {
    "Send options": ("strategies.",),
    "Channels": ("plugins.contract", "plugins.bounce_classification"),
    "Mailboxes": ("plugins.mailboxes.contract", "plugins.incoming"),
    "Webhooks": ("plugins.webhooks.contract",),
    "CRMs": ("plugins.crms.",),
    "Loading and testing": ("",),
}
"""The headings, each with the beginnings of the names of modules whose classes it has. The first that fits counts."""
MODULE = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")
"""The module of a type in a signature."""
LITERAL = re.compile(r"``([^`]+)``")
HEAD = f"""# Reference for packages

Generated from the docstrings of contract {CONTRACT_VERSION}. Do not edit it: `python -m plugins.reference \
docs/plugin_reference.md` prints it again. [plugins.md](plugins.md) is the guide.

A package imports these names from `touchline.partners`, unless another module is named. The hooks are not imported: a
package defines functions of these names and marks them with `@hookimpl`."""


def reference() -> str:
    """Return the document."""
    found: dict[str, list[str]] = {title: [] for title in SUBJECTS}
    for module in map(import_module, PUBLIC_MODULES):
        for name in module.__all__:
            value = getattr(module, name)
            title = next(title for title, starts in SUBJECTS.items() if value.__module__.startswith(starts))
            if name != "hookimpl":
                found[title].append("\n\n".join(_entry(module, name, value)))
    sections = [
        HEAD,
        "## Hooks",
        *(f"### `{_signature(point.hookspec)}`\n\n{_text(point.hookspec)}" for point in EXTENSION_POINTS),
    ]
    for title, entries in found.items():
        sections += [f"## {title}", *entries]
    return "\n\n".join(sections) + "\n"


def _entry(module: ModuleType, name: str, value: Any) -> Iterator[str]:
    """Yield the paragraphs about one public name."""
    is_class = inspect.isclass(value)
    yield f"### `{_raised(name, value) if is_class else _signature(value)}`"
    if module.__name__ != PARTNERS:
        yield f"`from {module.__name__} import {name}`"
    yield _text(value)
    if is_class:
        members = list(_enum_members(value) if issubclass(value, Enum) else _members(value))
        if members:
            yield "\n".join(members)


def _raised(name: str, value: type) -> str:
    """Return the name of a class, with its parameters if it is an error with an ``__init__`` of its own."""
    if not issubclass(value, Exception) or "__init__" not in vars(value):
        return name
    node = next(each for each in _body(value) if isinstance(each, ast.FunctionDef) and each.name == "__init__")
    return f"{name}({_arguments(node)})"


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return ast.unparse(node.args).removeprefix("self").removeprefix("cls").removeprefix(", ")


def _body(value: type) -> list[ast.stmt]:
    """Return the statements of a class."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(value)))
    return next(node.body for node in tree.body if isinstance(node, ast.ClassDef))


def _members(value: type) -> Iterator[str]:
    """Yield a list item for each public attribute, property and method that a class defines."""
    body = _body(value)
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id[0] != "_":
            default = f" = {ast.unparse(node.value)}" if node.value is not None else ""
            default = default.replace("'", '"')
            kind = re.sub(r"^ClassVar\[(.*)\]$", r"\1", ast.unparse(node.annotation))
            default = re.sub(r" = field\(.*", "", default)
            yield _item(f"{node.target.id}: {kind}{default}", _doc(after))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
            yield _item(_method(node), ast.get_docstring(node) or "")


def _method(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return the signature of a method without ``self``, or the type of a property."""
    marks = [ast.unparse(each) for each in node.decorator_list]
    returns = ast.unparse(node.returns) if node.returns else ""
    if "property" in marks:
        return f"{node.name}: {returns}"
    arguments = _arguments(node)
    begin = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    marks = [mark for mark in marks if mark in {"abstractmethod", "classmethod"}]
    mark = {"abstractmethod": " (required)", "classmethod": " (class method)"}[marks[0]] if marks else ""
    return f"{begin}{node.name}({arguments}) -> {returns}{mark}"


def _enum_members(value: type[Enum]) -> Iterator[str]:
    """Yield a list item for each member of an enum."""
    body = _body(value)
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id[0] != "_":
            name = node.targets[0].id
            yield _item(name, _doc(after) or getattr(value[name], "when", ""))


def _doc(node: ast.stmt | None) -> str:
    """Return the docstring that follows an attribute."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return inspect.cleandoc(node.value.value)
    return ""


def _item(code: str, doc: str) -> str:
    """Return a list item, without the names that only Touchline uses."""
    code = re.sub(r" \| _\w+| = UNDECLARED|'(?=\w+')|(?<=\w)'(?= |$)", "", code)
    text = textwrap.indent(_markdown(doc), "  ").strip()
    return f"- `{code}`: {text}" if text else f"- `{code}`"


def _signature(function: Any) -> str:
    return MODULE.sub("", f"{function.__name__}{inspect.signature(function)}").replace("'", "")


def _text(value: Any) -> str:
    return _markdown(inspect.getdoc(value) or "")


def _markdown(doc: str) -> str:
    """Return a docstring as Markdown: paragraphs in one line each, and examples as blocks."""
    parts: list[str] = []
    for part in re.split(r"\n\s*\n", doc):
        if part.startswith("    "):
            parts[-1] = re.sub("::$", ":", parts[-1])
            parts.append(f"```\n{textwrap.dedent(part)}\n```")
        else:
            parts.append(LITERAL.sub(r"`\1`", " ".join(part.split())))
    return "\n\n".join(parts)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Path(name).write_text(reference(), encoding="utf-8")
