"""A server that can be connected with a CRM imports the client at its start, not during a request."""

import json
import subprocess
import sys

SCRIPT = """
import asyncio, json, sys
from api.cli.serving.serve import preload_crms
from api.settings import Settings
preload_crms(Settings(encryption_key="k" * 43))
import httpx
before = set(sys.modules)
async def request():
    async with httpx.AsyncClient() as client:
        try:
            await client.get("http://127.0.0.1:1/")
        except httpx.ConnectError:
            pass
asyncio.run(request())
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_the_first_request_imports_nothing_large() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    large = ("plugins", "httpcore", "anyio", "h11", "ssl")
    assert [name for name in json.loads(done.stdout) if name.startswith(large)] == []
