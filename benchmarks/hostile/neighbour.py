"""Another client, in a process of its own: it asks small things all the time, and tells its worst wait.

It reads lines from standard input. For each line it prints the worst wait in seconds since the line before, and how
many answers that is. Requests that are on their way are waited for first.
"""

import http.client
import json
import sys
import threading
import time

PAUSE_SECONDS = 0.004
"""Between two questions of one connection."""
GIVE_UP_SECONDS = 120.0
QUERY = json.dumps({"query": "{ workspace { id } }"})


class Asker(threading.Thread):
    """Asks one thing on one connection, again and again."""

    def __init__(self, port: int, token: str, path: str, pause_seconds: float) -> None:
        super().__init__(daemon=True)
        self.port, self.path, self.pause_seconds = port, path, pause_seconds
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.worst = 0.0
        self.answers = 0
        self.failures = 0
        self.lock = threading.Lock()

    def run(self) -> None:
        """Ask without end."""
        connection = self._connection()
        while True:
            with self.lock:
                began = time.perf_counter()
                try:
                    if self.path == "/health":
                        connection.request("GET", self.path)
                    else:
                        connection.request("POST", self.path, QUERY, self.headers)
                    answer = connection.getresponse()
                    answer.read()
                    self.failures += answer.status != 200
                    self.answers += 1
                except (OSError, http.client.HTTPException):
                    connection = self._connection()
                    self.failures += 1
                self.worst = max(self.worst, time.perf_counter() - began)
            time.sleep(self.pause_seconds)

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=GIVE_UP_SECONDS)

    def told(self) -> tuple[float, int, int]:
        """Return worst wait, answers and failures since the last time."""
        with self.lock:
            found = self.worst, self.answers, self.failures
            self.worst, self.answers, self.failures = 0.0, 0, 0
        return found


def main() -> None:
    """Ask until standard input ends."""
    port, token, pause_seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    askers = [Asker(port, token, path, pause_seconds) for path in ("/health", "/graphql")]
    for asker in askers:
        asker.start()
    for _ in sys.stdin:
        told = [asker.told() for asker in askers]
        print(max(worst for worst, _, _ in told), sum(count for _, count, _ in told), sum(bad for *_, bad in told))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
