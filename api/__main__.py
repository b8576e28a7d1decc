"""``touchline``: the command line."""

import sys

from api.cli.parser import main

if __name__ == "__main__":
    sys.exit(main())
