"""Apply migrations without rendering models that nothing reads: a new database takes a fraction of the time.

Tortoise renders almost all models twice for each operation, with their queries: once as they were before it, once as
they are after it. A schema change needs one model and those that it refers to.
"""

from collections.abc import Iterable, Iterator

from tortoise.fields.relational import ForeignKeyFieldInstance, ManyToManyFieldInstance
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

ModelStates = dict[tuple[str, str], ModelState]
FORWARD = (ForeignKeyFieldInstance, ManyToManyFieldInstance)


class SchemaApps(StateApps):
    """The models at one point of the migrations, each rendered when it is first asked for.

    They cannot be queried. A migration reads and writes rows with SQL, so that no later change of the models alters it.
    """

    def __init__(self, connections: dict[str, str], states: ModelStates) -> None:
        super().__init__(default_connections=connections)
        self._states = states

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        """Return a model whose forward relations are set up."""
        label, name = self.split_reference(app_label) if model_name is None else (app_label, model_name)
        if name not in self.apps.get(label, {}):
            for key in self._with_references((label, name)):
                self.register_model(key[0], self._states[key].render(self))
            self._init_relations()
        return self.apps[label][name]

    def _with_references(self, key: tuple[str, str]) -> Iterator[tuple[str, str]]:
        """Yield what has to be rendered for a model: itself, and what it refers to, directly or by others."""
        found, left = set(), [key]
        while left:
            label, name = each = left.pop()
            if each in found or each not in self._states or name in self.apps.get(label, {}):
                continue
            found.add(each)
            yield each
            fields = self._states[each].fields.values()
            left += [self.split_reference(field.model_name) for field in fields if isinstance(field, FORWARD)]

    def _build_initial_querysets(self) -> None:
        return


class LazyState(State):
    """What the models look like after some migrations. Operations change ``models`` and read ``apps``."""

    def __init__(self, models: ModelStates, connections: dict[str, str]) -> None:
        super().__init__(models, SchemaApps(connections, models))
        self._connections = connections

    def _reload(self, models_to_reload: Iterable[tuple[str, str]]) -> None:
        self.apps = SchemaApps(self._connections, self.models)

    def clone(self) -> State:
        """Return a copy that later operations do not change."""
        return LazyState({key: model.clone() for key, model in self.models.items()}, self._connections)


class SchemaMigrationExecutor(MigrationExecutor):
    """Tortoise's executor, with states that render what is read."""

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
