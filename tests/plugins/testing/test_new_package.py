"""``touchline plugins new`` writes packages that pip installs and whose tests pass."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.parser import main
from api.cli.plugins.new_package import package_files

ROOT = Path(__file__).parents[3]
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target"]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not campaign"]
"""The test that starts a server runs from the wheel: ``python -m tests.example_packages``."""


@pytest.fixture(autouse=True)
def _workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_packages_are_installed_and_their_tests_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "new", "lunch-time", "--kind", "send-option"]) == 0
    hint = capsys.readouterr().out.splitlines()[-1]
    assert hint == "Next: cd touchline-lunch-time && pip install -e . && pytest"
    guide = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    assert "cd touchline-heron\npip install -e .\npytest\n" in guide, "the guide says the same"
    assert main(["plugins", "new", "pigeon", "--kind", "channel", "--folder", "there/pigeon"]) == 0
    assert sorted(each.name for each in (tmp_path / "touchline-lunch-time").iterdir()) == [
        "pyproject.toml",
        "test_lunch_time.py",
        "touchline_lunch_time.py",
    ]
    folders = ["./touchline-lunch-time", "./there/pigeon"]
    subprocess.run([*PIP, "site", *folders], check=True, capture_output=True)
    path = os.pathsep.join(map(str, (tmp_path / "site", ROOT, ROOT / "plugins" / "public")))
    environment = {**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    run = subprocess.run([*PYTEST, *folders], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "13 passed" in run.stdout


def test_names_and_folders_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ("Lunch", "lunch_time", "-lunch", "lunch-", "1st", "mäh", "a" * 41, "../lunch", "")
    for name in wrong:
        assert main(["plugins", "new", "--kind", "channel", "--", name]) == 1, name
        assert "is not a valid package name. Use up to 40 small letters" in capsys.readouterr().err
    assert main(["plugins", "new", "at-time", "--kind", "send-option"]) == 1
    assert "'at_time' is the key of an installed send option" in capsys.readouterr().err
    (tmp_path / "full").mkdir()
    assert main(["plugins", "new", "lunch", "--kind", "send-option", "--folder", "full"]) == 1
    assert "full exists" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [tmp_path / "full"]
    assert package_files("lunch", "channel") == package_files("lunch", "channel")
    for kind in ("channel", "send-option"):
        texts = "".join(package_files("lunch", kind).values())
        assert re.findall("@[A-Z]+@", texts) == []
