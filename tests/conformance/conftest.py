"""Which cases run: the file that is named, else the shared one, else the project's own copy."""

from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared" / "conformance" / "send_options.yaml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --cases."""
    parser.addoption("--cases", action="store", default=None, help="A file of conformance cases to run instead.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each case."""
    if "case" in metafunc.fixturenames:
        named = metafunc.config.getoption("--cases", None)
        file = Path(named) if named else SHARED if SHARED.exists() else HERE / "send_options.yaml"
        cases = yaml.safe_load(file.read_text(encoding="utf-8"))
        metafunc.parametrize("case", cases, ids=[case["name"] for case in cases])
