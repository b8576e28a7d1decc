"""``touchline tick`` on a machine whose clock is wrong by so many seconds."""

import sys
from datetime import timedelta

import api.clock

right, skew = api.clock.system_clock, timedelta(seconds=float(sys.argv[1]))
api.clock.system_clock = lambda: right() + skew

from api.cli.parser import main  # noqa: E402 - after the clock

raise SystemExit(main(["tick"]))
