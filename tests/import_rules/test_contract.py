"""The contract of rooms finds what a docstring does not allow, and what it allows in vain."""

import grimp

from tests.import_rules.contract import Room, problems_of


def graph(*imports: tuple[str, str]) -> grimp.ImportGraph:
    made = grimp.ImportGraph()
    for importer, imported in imports:
        made.add_import(importer=importer, imported=imported)
    return made


def known(*rooms: Room) -> dict[str, Room]:
    return {room.name: room for room in rooms}


TASKS = Room("api.services.tasks", ("store",), ("graphql",))
STORE = Room("api.store", ("nothing",), ("services",))
GRAPHQL = Room("api.graphql", ("services.tasks",), ("nobody",))
USED = (("api.graphql.tasks.tasks", "api.services.tasks.tasks"), ("api.services.tasks.tasks", "api.store.tasks.tasks"))


def test_what_both_docstrings_name_is_allowed() -> None:
    assert problems_of(graph(*USED), known(TASKS, STORE, GRAPHQL)) == set()


def test_what_neither_docstring_names_is_reported_at_both() -> None:
    found = problems_of(
        graph(*USED, ("api.graphql.tasks.tasks", "api.store.tasks.tasks")), known(TASKS, STORE, GRAPHQL)
    )
    assert found == {
        "api.graphql: api.graphql.tasks.tasks imports store, which its docstring does not name under 'Imports:'",
        "api.store: api.graphql.tasks.tasks imports it, and 'Imported by:' does not name graphql",
    }


def test_a_permission_that_is_not_used_is_reported() -> None:
    found = problems_of(graph(USED[0]), known(TASKS, STORE, GRAPHQL))
    assert found == {
        "api.services.tasks: 'Imports:' names store, which it does not need",
        "api.store: 'Imported by:' names services, which it does not need",
    }


def test_a_package_without_lines_is_reported() -> None:
    bare = Room("api.cli", (), ())
    assert problems_of(graph(), known(bare)) == {
        "api.cli: its docstring has no line 'Imports:'",
        "api.cli: its docstring has no line 'Imported by:'",
    }


def test_a_package_and_those_in_it_import_each_other_freely() -> None:
    engine = Room("api.store.engine", ("nothing",), ("nobody",))
    free = graph(("api.store.tasks.tasks", "api.store.engine.sql"), ("api.store.engine.rows", "api.store.tasks.tasks"))
    assert problems_of(free, known(Room("api.store", ("nothing",), ("nobody",)), engine)) == set()
