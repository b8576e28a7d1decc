"""A partner's package of two files, installed by pip, works like a built-in; a broken one is named and left out."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def seen_after_installing(folder: Path) -> dict[str, Any]:
    """Install both packages in a folder, and return what a new process sees of them."""
    packages = [str(HERE / package) for package in ("partner_package", "broken_package")]
    install = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *install, *packages], check=True, capture_output=True)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT), str(ROOT / "plugins" / "public"))),
    }
    command = [sys.executable, "-m", "tests.plugins.story_of_a_partner", f"sqlite://{folder / 'touchline.db'}"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout))


def test_packages_that_pip_installs(tmp_path: Path) -> None:
    """One test: pip and the new process cost five seconds, and each worker of pytest-xdist would run them."""
    told = seen_after_installing(tmp_path)
    the_broken_package_is_named_and_the_service_starts(told)
    the_option_is_offered_like_a_built_in(told)
    the_option_is_checked_like_a_built_in(told)
    the_option_is_launched_and_explained_like_a_built_in(told)


def the_broken_package_is_named_and_the_service_starts(told: dict[str, Any]) -> None:
    ((distribution, error),) = told["broken"]
    assert distribution == "touchline-broken"
    assert "another planet" in error


def the_option_is_offered_like_a_built_in(told: dict[str, Any]) -> None:
    (offer,) = [offer for offer in told["offers"] if offer["package"] == "touchline-business-hours"]
    assert offer["key"] == "business_hours"
    assert offer["available"]
    assert offer["label"] == "Diese E-Mail zu Beginn der Geschäftszeit senden"
    assert offer["configSchema"]["required"] == ["opens"]


def the_option_is_checked_like_a_built_in(told: dict[str, Any]) -> None:
    assert told["refused"] == [["SEND_OPTION_NOT_AVAILABLE", ["sendOption"]], ["INVALID_CONFIG", ["config", "opens"]]]
    assert (told["own_check"]["code"], told["own_check"]["path"]) == ("NO_DAY_LEFT", ["config", "avoid"])


def the_option_is_launched_and_explained_like_a_built_in(told: dict[str, Any]) -> None:
    planned = [step["email"]["plannedAt"] for step in told["steps"]]
    assert planned == ["2026-03-02T08:30:00Z", "2026-03-05T07:00:00Z", "2026-03-08T07:00:00Z"]
    assert [line["sentence"] for line in told["steps"][1]["email"]["explanation"]] == [
        "Days and times are in Europe/Berlin, the sender's time zone.",
        "Day 1 is 2026-03-02.",
        "Day 3 falls on 2026-03-04.",
        "Business hours begin at 08:00.",
        "Wednesday is avoided, so it goes out on 2026-03-05.",
        "The send option “Send this email at the start of business hours” chose 8:00 on 2026-03-05.",
    ]
