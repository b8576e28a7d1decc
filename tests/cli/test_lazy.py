"""The modules of commands are imported when a command runs, so no import shows that one has moved."""

import ast
import gc
from importlib import import_module

import pytest

from api.cli.lazy import lazy
from tests.source_code import ROOT

TARGETS = sorted(
    {
        tuple(each.value for each in node.args[:2] if isinstance(each, ast.Constant))
        for file in (ROOT / "api" / "cli").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "lazy"
    }
)


def test_the_commands_are_found() -> None:
    assert ("workspaces.import_people", "import_people") in TARGETS
    assert len(TARGETS) > 15


@pytest.mark.parametrize("target", [each for each in TARGETS if len(each) == 2], ids=".".join)
def test_each_command_has_its_function(target: tuple[str, str]) -> None:
    module, name = target
    assert callable(getattr(import_module(f"api.cli.{module}"), name))


def test_modules_are_imported_without_garbage_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def importing_module(_name: str) -> object:
        seen.append(gc.isenabled())
        raise ModuleNotFoundError

    monkeypatch.setattr("importlib.import_module", importing_module)
    with pytest.raises(ModuleNotFoundError):
        lazy("schema", "print_schema")()
    assert seen == [False]
    assert gc.isenabled()
