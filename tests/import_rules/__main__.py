"""``python -m tests.import_rules``: print the two lines for the docstring of each package, as the imports are now."""

import grimp

from tests.import_rules.contract import PROJECT, edges, rooms, short


def main() -> None:
    """Print for each package what it imports, and who imports it."""
    known = rooms()
    found = set(edges(grimp.build_graph(*PROJECT), known))
    for name in sorted(known):
        imports = {short(there) for here, there, _ in found if here == name}
        imported_by = {short(here) for here, there, _ in found if there == name}
        print(f"{name}\n  Imports: {_line(imports, 'nothing')}\n  Imported by: {_line(imported_by, 'nobody')}")


def _line(names: set[str], none: str) -> str:
    """Join names; one that stands for others is enough."""
    covered = {name for name in names for other in names if name.startswith(f"{other}.")}
    return ", ".join(sorted(names - covered)) or none


if __name__ == "__main__":
    main()
