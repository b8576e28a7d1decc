"""``touchline`` with a watch of the event loop that logs every stall: ``python -m benchmarks.hostile.served serve``."""

from api import loop_watch
from api.cli.parser import main

if __name__ == "__main__":
    loop_watch.LOG_INTERVAL_SECONDS = 0.0
    raise SystemExit(main())
