"""The server looks for reference cycles often enough that one collection does not block the event loop for long."""

import gc

from api.make_runtime import OBJECTS_PER_COLLECTION, freeze_loaded_objects


def test_a_collection_examines_few_objects() -> None:
    before = gc.get_threshold()
    enabled = gc.isenabled()
    examined: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 0:
            examined.append(info["collected"])

    try:
        freeze_loaded_objects()
        gc.enable()
        gc.callbacks.append(note)
        for _ in range(4 * OBJECTS_PER_COLLECTION):
            cycle: list[object] = []
            cycle.append(cycle)
        assert examined
        assert max(examined) <= 20_000
    finally:
        gc.callbacks.remove(note)
        gc.unfreeze()
        gc.set_threshold(*before)
        if not enabled:
            gc.disable()
