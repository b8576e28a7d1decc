"""The limits of send options of packages."""

from api.worker_processes.limits import MEGABYTE, Limits

CALL_LIMITS = Limits(cpu_seconds=1.0, wall_seconds=2.0, memory_bytes=256 * MEGABYTE, output_bytes=64 * MEGABYTE)
"""The limits of one call of an option. Those of memory and output are for the questions of one message together."""
MESSAGE_SECONDS = 2.0
"""Time after which a worker returns the answers that it has. The others are asked by another message."""
MESSAGE_LIMITS = Limits(
    cpu_seconds=30.0, wall_seconds=60.0, memory_bytes=CALL_LIMITS.memory_bytes, output_bytes=CALL_LIMITS.output_bytes
)
"""The limits of one message: for an option that evades the limits of its calls, and for the import of its package."""
MAX_LEFT_THREADS = 8
"""Threads that calls may leave running before another worker answers the rest. Their stacks count as memory."""
QUESTIONS_BETWEEN_CHECKS = 25
"""Questions after which a worker looks for processes of calls that still run."""
MAX_QUESTIONS = 500
"""Most questions of one message."""
