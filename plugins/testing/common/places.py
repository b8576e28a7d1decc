"""Say where in a package's code something happens, for the messages of the kit."""

import os
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

_HOME = Path(__file__).resolve().parents[3]
_TOUCHLINE = tuple(f"{_HOME / name}{os.sep}" for name in ("api", "plugins", "strategies"))
_LIBRARY = f"{Path(os.__file__).parent}{os.sep}"


def where(error: BaseException, of: Any = None) -> str:
    """Say what an exception is and where it was raised, such as "KeyError: 'hour' (lunch.py, line 30)".

    If Touchline has raised it because of an answer, the place is ``of``, the method that has answered.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if _is_own(each.filename)]
    if own:  # the deepest line of the package, which may be in a function that its method has called
        folder = Path(own[0].filename).parent
        last = next(each for each in reversed(own) if Path(each.filename).parent == folder)
        place = f" ({Path(last.filename).name}, line {last.lineno})"
    elif (code := getattr(of, "__code__", None)) is not None:
        place = f" (the answer of {of.__qualname__}, {Path(code.co_filename).name}, line {code.co_firstlineno})"
    else:
        place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}{place}"


def place_of(frame: FrameType | None) -> str:
    """Return the line of the package's code that runs in a frame, such as "lunch.py, line 30"."""
    while frame is not None and not _is_own(frame.f_code.co_filename):
        frame = frame.f_back
    return (
        "in a place that is not known"
        if frame is None
        else f"{Path(frame.f_code.co_filename).name}, line {frame.f_lineno}"
    )


def _is_own(path: str) -> bool:
    """Say whether a file is neither Touchline's nor of the standard library."""
    is_library = path.startswith(_LIBRARY) and "site-packages" not in path
    return not is_library and not path.startswith((*_TOUCHLINE, "<"))
