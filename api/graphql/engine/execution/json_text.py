"""JSON as the server writes it, and JSON text that is part of a larger value."""

import json


class EncodedJson(str):
    """JSON that is encoded already. ``write_any_json`` copies it."""

    __slots__ = ()


json_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
