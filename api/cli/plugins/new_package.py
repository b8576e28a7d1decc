"""``touchline plugins new``: write a package with a send option or a channel, and a test that passes."""

import re
import shlex
from pathlib import Path

from api.cli.plugins.package_templates import PROJECT, TEMPLATES
from api.settings import Settings
from plugins.loading.manager import load

NAME = re.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
MAX_NAME_CHARACTERS = 40


def create(_settings: Settings, name: str, kind: str, folder: Path | None) -> int:
    """Write the files into a new folder. Raises ValueError if the name or the folder cannot be used."""
    name = name.removeprefix("touchline-")
    if not NAME.fullmatch(name) or len(name) > MAX_NAME_CHARACTERS:
        raise ValueError(
            f"{name!r:.60} is not a valid package name. Use up to {MAX_NAME_CHARACTERS} small letters and digits, "
            "first a letter, with single hyphens between words, such as lunch-time."
        )
    key = name.replace("-", "_")
    installed = load({})
    if key in (installed.send_options if kind == "send-option" else installed.channels):
        raise ValueError(f"{key!r} is the key of an installed {kind.replace('-', ' ')}. Choose another name.")
    target = folder or Path(f"touchline-{name}")
    if target.exists():
        raise ValueError(f"{target} exists. Choose another folder with --folder.")
    files = package_files(name, kind)
    target.mkdir(parents=True)
    for file, text in files.items():
        (target / file).write_text(text, encoding="utf-8")
    print(f"Wrote {target}: {', '.join(files)}.")
    print("The guide: touchline plugins docs")
    print(f"Next: cd {shlex.quote(str(target))} && pip install -e . && pytest")
    return 0


def package_files(name: str, kind: str) -> dict[str, str]:
    """Return the texts of a package's files, by their names."""
    key = name.replace("-", "_")
    module, test = TEMPLATES[kind]
    return {
        "pyproject.toml": _filled(PROJECT, name, kind),
        f"touchline_{key}.py": _filled(module, name, kind),
        f"test_{key}.py": _filled(test, name, kind),
    }


def _filled(template: str, name: str, kind: str) -> str:
    key = name.replace("-", "_")
    names = {
        "DISTRIBUTION": f"touchline-{name}",
        "MODULE": f"touchline_{key}",
        "KIND": kind.replace("-", " "),
        "KEY": key,
        "CODE": key.upper(),
        "CLASS": "".join(word.capitalize() for word in name.split("-")),
        "LABEL": name.replace("-", " ").capitalize(),
    }
    return re.sub("@([A-Z]+)@", lambda found: names[found[1]], template)
