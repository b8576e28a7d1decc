"""Applies migrations with as few rendered models as possible, so that a new database takes a fraction of the time.

For each operation tortoise renders almost all models twice, with their querysets: as they are before it and after it. A
schema change needs only one model and those to which it refers.
"""

from collections.abc import Iterable, Iterator

from tortoise.fields.relational import ForeignKeyFieldInstance, ManyToManyFieldInstance
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

ModelKey = tuple[str, str]
"""The app and the name of a model."""
ModelStates = dict[ModelKey, ModelState]
FORWARD_RELATIONS = (ForeignKeyFieldInstance, ManyToManyFieldInstance)


class LazyApps(StateApps):
    """The models after some migrations. Each is rendered at its first use.

    They cannot be queried. Migrations read and write rows with SQL, so that later changes of the models do not change
    what they do.
    """

    def __init__(self, connections: dict[str, str], states: ModelStates) -> None:
        super().__init__(default_connections=connections)
        self._states = states

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        """Return a model with its forward relations."""
        label, name = self.split_reference(app_label) if model_name is None else (app_label, model_name)
        if name not in self.apps.get(label, {}):
            for key in self._unrendered((label, name)):
                self.register_model(key[0], self._states[key].render(self))
            self._init_relations()
        return self.apps[label][name]

    def _unrendered(self, key: ModelKey) -> Iterator[ModelKey]:
        """Yield a model and all models to which it refers, directly or indirectly, that are not rendered yet."""
        visited, pending = set[ModelKey](), [key]
        while pending:
            label, name = current = pending.pop()
            if current in visited or current not in self._states or name in self.apps.get(label, {}):
                continue
            visited.add(current)
            yield current
            fields = self._states[current].fields.values()
            pending += [
                self.split_reference(field.model_name) for field in fields if isinstance(field, FORWARD_RELATIONS)
            ]

    def _build_initial_querysets(self) -> None:
        """Build no querysets, because nothing queries these models."""


class LazyState(State):
    """The models after some migrations. Operations change ``models`` and read ``apps``."""

    def __init__(self, models: ModelStates, connections: dict[str, str]) -> None:
        super().__init__(models, LazyApps(connections, models))
        self._connections = connections

    def _reload(self, models_to_reload: Iterable[ModelKey]) -> None:
        self.apps = LazyApps(self._connections, self.models)

    def clone(self) -> State:
        """Return a copy that later operations do not change."""
        return LazyState({key: model.clone() for key, model in self.models.items()}, self._connections)


class LazyMigrationExecutor(MigrationExecutor):
    """Tortoise's executor with a LazyState."""

    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        connections = {label: config["default_connection"] for label, config in self.loader.apps_config.items()}
        state = LazyState({}, connections)
        for key in self._full_plan():
            if key == upto:
                break
            migration = self.loader.graph.nodes[key]
            if key in applied and migration is not None:
                await migration.apply(state, dry_run=True, schema_editor=None)
        return state
