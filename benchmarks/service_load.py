"""Clients of a service: threads that send one photo after the other and count what comes back."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection

from benchmarks.service_process import Service

_UNORDERLY = 0


@dataclass(slots=True)
class Tally:
    """What clients saw. statuses: answers by status, 0 for none at all. ms: of each answer with status 200.

    unasked: answers of 429 or 503 that did not say when to come again.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    ms: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    unasked: int = 0
    resident: list[int] = field(default_factory=list)
    cpu_seconds: float = 0.0
    seconds: float = 0.0

    def add(self, other: "Tally") -> None:
        self.statuses += other.statuses
        self.ms += other.ms
        self.outcomes += other.outcomes
        self.unasked += other.unasked


class Client:
    """One connection, kept open, that searches with photos."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._connection = HTTPConnection(service.host, service.port, timeout=120)

    def search(self, photo: bytes) -> tuple[int, bytes, float]:
        """Status, body, and the seconds to wait where the answer is to come again; raises OSError or HTTPException."""
        boundary = "photo-of-a-benchmark"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n\r\n'
        body = head.encode() + photo + f"\r\n--{boundary}--\r\n".encode()
        headers = {
            "Authorization": f"Bearer {self._service.token}",
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        self._connection.request("POST", "/v1/identify", body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read(), float(answer.headers.get("Retry-After") or 0)

    def close(self) -> None:
        self._connection.close()


def load(service: Service, photos: Sequence[bytes], *, clients: int, seconds: float) -> Tally:
    """So many clients for so long; each sends its next photo when it has the answer to the last."""
    total, lock, until = Tally(), threading.Lock(), time.monotonic() + seconds

    def client(number: int) -> None:
        mine = _client_runs(service, photos, number, until)
        with lock:
            total.add(mine)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    began, cpu = time.monotonic(), service.cpu_seconds()
    for thread in threads:
        thread.start()
    while time.monotonic() < until:
        total.resident.append(service.resident_bytes())
        time.sleep(1)
    for thread in threads:
        thread.join()
    total.seconds, total.cpu_seconds = time.monotonic() - began, service.cpu_seconds() - cpu
    return total


def _client_runs(service: Service, photos: Sequence[bytes], number: int, until: float) -> Tally:
    from http.client import HTTPException

    mine, client, turn = Tally(), Client(service), number * 7919
    while time.monotonic() < until:
        turn += 1
        began = time.perf_counter()
        try:
            status, body, wait = client.search(photos[turn % len(photos)])
        except (OSError, HTTPException):
            mine.statuses[_UNORDERLY] += 1
            client.close()
            client = Client(service)
            continue
        mine.statuses[status] += 1
        if status == 200:
            mine.ms.append((time.perf_counter() - began) * 1e3)
            mine.outcomes[_outcome(body)] += 1
        else:
            mine.unasked += wait <= 0
            time.sleep(min(wait, max(0.0, until - time.monotonic())))
    client.close()
    return mine


def _outcome(body: bytes) -> str:
    import json

    return str(json.loads(body)["outcome"])
