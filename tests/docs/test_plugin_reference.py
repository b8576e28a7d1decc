"""docs/plugin_reference.md is what the docstrings say."""

import re
from importlib import import_module
from pathlib import Path

from plugins.reference import PUBLIC_MODULES, reference

REFERENCE = Path(__file__).parents[2] / "docs" / "plugin_reference.md"


def test_the_reference_is_up_to_date() -> None:
    printed = reference()
    assert REFERENCE.read_text(encoding="utf-8") == printed, "python -m plugins.reference docs/plugin_reference.md"


def test_every_public_name_is_described() -> None:
    entries = dict(re.findall(r"^### `(\w+)[^`]*`\n+(.*?)(?=\n\n##|\Z)", reference(), re.MULTILINE | re.DOTALL))
    names = {name for module in PUBLIC_MODULES for name in import_module(module).__all__} - {"hookimpl"}
    assert names <= entries.keys()
    assert [name for name, text in entries.items() if len(text.split()) < 4] == []
    assert "``" not in "\n".join(entries.values()).replace("```", ""), "no markup of docstrings is left"
