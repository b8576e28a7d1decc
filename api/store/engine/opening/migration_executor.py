"""Applies migrations with as few rendered models as possible, so that a new database takes a fraction of the time.

For each operation tortoise renders almost all models twice, with their querysets: as they are before it and after it. A
schema change needs only one model, and the primary keys of those to which it refers.
"""

from collections.abc import Iterable
from dataclasses import replace

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
        self._rendered: dict[ModelKey, type[Model]] = {}

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        """Return a model with its forward relations. The models to which it refers have only what a reference needs."""
        key = self.split_reference(app_label) if model_name is None else (app_label, model_name)
        if key not in self._rendered:
            self.apps.clear()
            for each, state in self._with_references(key).items():
                self.register_model(each[0], state.render(self))
            self._init_relations()
            self._rendered[key] = self.apps[key[0]][key[1]]
        return self._rendered[key]

    def _with_references(self, key: ModelKey) -> ModelStates:
        """Return a model, and the columns of other models to which it refers, directly or indirectly."""
        found = {key: self._states[key]}
        pending = [found[key]]
        while pending:
            for field in pending.pop().fields.values():
                if not isinstance(field, FORWARD_RELATIONS):
                    continue
                target = self.split_reference(field.model_name)
                if target in self._states and target not in found:
                    fields = self._states[target].fields
                    columns = {name: column for name, column in fields.items() if column.pk or column.unique}
                    found[target] = replace(self._states[target], fields=columns)
                    pending.append(found[target])
        return found

    def _build_initial_querysets(self) -> None:
        """Build no querysets, because nothing queries these models."""


class LazyState(State):
    """The models after some migrations. Operations change ``models`` and read ``apps``."""

    def __init__(self, models: ModelStates, connections: dict[str, str]) -> None:
        super().__init__(models, LazyApps(connections, models))
        self._connections = connections

    def reload_model(self, app_label: str, model_name: str) -> None:
        """Forget the rendered models, because an operation has changed this one."""
        self.apps = LazyApps(self._connections, self.models)

    def reload_models(self, model_tuples: Iterable[ModelKey]) -> None:
        """Forget the rendered models, because an operation has changed these."""
        self.apps = LazyApps(self._connections, self.models)

    def clone(self) -> State:
        """Return a copy that later operations do not change: they replace fields and options, and change none."""
        models = {
            key: replace(model, fields=dict(model.fields), options=dict(model.options))
            for key, model in self.models.items()
        }
        return LazyState(models, self._connections)


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
