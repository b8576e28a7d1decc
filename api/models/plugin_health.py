"""The health of packages' send options: their last fault, and until when the server does not call them."""

from tortoise import fields
from tortoise.models import Model

from api.models.columns import varchar


class PluginHealth(Model):
    """The health of a plugin that has failed. It belongs to the server, not to a workspace. Times are real times."""

    # The kind and the key, such as "send_option:lunch".
    id = varchar(120, primary_key=True)
    package = varchar(200)
    # The last fault: its code, its sentence, and when it happened.
    fault_code = varchar(64)
    fault_sentence = fields.TextField()
    fault_at = fields.DatetimeField()
    # The faults since ``counted_from`` that the breaker counts.
    faults = fields.IntField(default=0)
    counted_from = fields.DatetimeField(null=True)
    # How often the plugin was paused. The next pause is longer. A day without a counted fault sets it to 0.
    pauses = fields.IntField(default=0)
    # No process calls the plugin before this time. After it, one process calls it once, while the others still wait.
    paused_until = fields.DatetimeField(null=True)

    class Meta:
        table = "plugin_health"
