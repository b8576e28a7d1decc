"""The send option "Create a task; I will send this email myself"."""

from strategies.contract import Availability, CreateTask, Note, Position, SendOption, StepContext
from strategies.hookspecs import hookimpl


class Task(SendOption):
    """Creates an EMAIL task that is due on the step's date. A person edits and sends its email."""

    key = "task"
    labels = {
        "en": "Create a task; I will send this email myself",
        "de": "Eine Aufgabe erstellen; ich werde diese E-Mail selbst senden",
    }
    help = {
        "en": "Creates an email task. Later steps of this person wait until the task is completed.",
        "de": "Erstellt eine E-Mail-Aufgabe. Spätere Schritte dieser Person warten, bis sie erledigt ist.",
    }
    creates_task = True

    def availability(self, position: Position) -> Availability:
        """Offered for every email step."""
        return Availability()

    def resolve(self, step: StepContext) -> CreateTask:
        """Create the task on the step's own date."""
        return CreateTask(step.date, (Note("TASK_BY_HAND"),))


@hookimpl
def touchline_register_send_options() -> list[SendOption]:
    """Register this option."""
    return [Task()]
