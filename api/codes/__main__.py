"""Print the tables of documents again: `python -m api.codes docs/errors.md`."""

import sys
from pathlib import Path

from api.codes.documents import with_tables

for name in sys.argv[1:]:
    document = Path(name)
    document.write_text(with_tables(document.read_text(encoding="utf-8")), encoding="utf-8")
