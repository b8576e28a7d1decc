"""``touchline.partners`` works in every project, also in one with folders called api, plugins, strategies and tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from touchline import partners

import plugins
import strategies

ROOT = Path(__file__).parents[2]
OPTION = ROOT / "tests" / "plugins" / "partner_package" / "touchline_business_hours.py"

FILES = {
    "pytest.ini": "[pytest]\n",
    "api/__init__.py": "OWNER = 'partner'\n",
    "plugins/__init__.py": "OWNER = 'partner'\n",
    "plugins/loading/manager.py": "OWNER = 'partner'\n",
    "plugins/late.py": "OWNER = 'partner'\n",
    "strategies/__init__.py": "OWNER = 'partner'\n",
    "strategies/errors.py": "OWNER = 'partner'\n",
    "site/touchline_business_hours-1.0.dist-info/METADATA": "Name: touchline-business-hours\nVersion: 1.0\n",
    "site/touchline_business_hours-1.0.dist-info/entry_points.txt": (
        "[touchline]\nbusiness_hours = touchline_business_hours\n"
    ),
    "tests/__init__.py": "",
    "tests/test_option.py": """
import dataclasses
import datetime as dt
import sys

import pytest

IMPORTS

START = dt.datetime(2026, 3, 2, 7, tzinfo=dt.UTC)


def test_the_package_is_loaded():
    installed = load({})
    assert installed.broken == ()
    assert list(installed.channels) == ["outbox", "record", "smtp"]
    option = installed.send_options["business_hours"]
    assert isinstance(option, SendOption)
    context = StepContext(
        config={"opens": "08:00", "avoid": ["WEDNESDAY"]}, number=2, day=3, date=dt.date(2026, 3, 4),
        calendar=Calendar("Europe/Berlin", skip_weekends=False), now=START, start=START, send_at=None, time=None,
        earlier_email=None,
    )
    assert option.resolve(context) == touchline_business_hours.BusinessHours().resolve(context)
    assert option.resolve(context).date == dt.date(2026, 3, 5)
    with pytest.raises(Refusal, match="NO_DAY_LEFT"):
        option.validate({"avoid": touchline_business_hours.DAYS}, None)
    with pytest.raises(Refusal, match="INVALID_ZONE"):
        dataclasses.replace(context.calendar, zone="Nowhere").instant(dt.date(2026, 3, 4), dt.time(8))


def test_the_kit():
    option = touchline_business_hours.BusinessHours()
    assert_send_option(option, [{"opens": "08:00"}], zones=["Europe/Berlin"], examples=5)


def test_loading_again_gives_the_same_classes():
    assert type(load({}).send_options["business_hours"]) is type(load({}).send_options["business_hours"])


def test_the_folders_of_the_project_keep_their_names():
    import plugins.late

    for module in (api, plugins, plugins.late, plugins.loading.manager, strategies, strategies.errors):
        assert module.OWNER == "partner"
        assert sys.modules[module.__name__] is module


def test_the_path_is_as_before():
    assert sys.path[0] == PROJECT
""",
}
OURS = (
    "import touchline_business_hours\nfrom touchline.partners import Calendar, Refusal, SendOption, StepContext, load\n"
    "from touchline.testing import assert_send_option"
)
THEIRS = "import api\nimport plugins.loading.manager\nimport strategies.errors"


@pytest.mark.parametrize("imports", [f"{OURS}\n{THEIRS}", f"{THEIRS}\n{OURS}"], ids=["ours first", "theirs first"])
def test_a_project_with_folders_of_our_names(tmp_path: Path, imports: str) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("IMPORTS", imports).replace("PROJECT", repr(str(tmp_path))), encoding="utf-8")
    (tmp_path / OPTION.name).write_text(OPTION.read_text(encoding="utf-8"), encoding="utf-8")
    path = os.pathsep.join(map(str, (tmp_path / "site", ROOT, ROOT / "plugins" / "public")))
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "-q"]
    run = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert "5 passed" in run.stdout, run.stdout + run.stderr


def test_without_such_folders_the_server_s_own_classes_are_imported() -> None:
    assert partners.SendOption is strategies.SendOption
    assert partners.Channel is plugins.Channel


def test_it_exports_all_that_a_package_needs() -> None:
    assert {*plugins.__all__, *strategies.__all__} - {"hookspec"} <= set(partners.__all__)
    assert all(hasattr(partners, name) for name in partners.__all__)
