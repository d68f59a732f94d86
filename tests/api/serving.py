"""A real server on a free loopback port, for the tests of HTTP and of the page."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.heads import Prompt
from matcher.drawn import biography, photo_bytes
from matcher.settings import Settings


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address at which the application answers while the block runs."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = uvicorn.Server(uvicorn.Config(app, http=Prompt, ws="none", log_config=None, timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        started = time.monotonic()
        while not server.started:
            if not thread.is_alive() or time.monotonic() > started + 240:
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        listener.close()
    if thread.is_alive():
        raise RuntimeError("the server did not stop by itself")


@contextmanager
def service(home: Path, **settings: object) -> Iterator[httpx.Client]:
    """A client of a service over a home folder; without accounts, unless the settings say otherwise."""
    app = create_app(Settings(home=home, **{"without_accounts": True, **settings}))
    with serving(app) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


def enroll(
    client: httpx.Client, number: int, *photos: int, gallery: str = "main", **fields: str | list[str]
) -> httpx.Response:
    """Enroll drawn person `number` with these of the photos."""
    papers = {**asdict(biography(number)), "gallery": gallery, **fields}
    files = [("photo", (f"{place}.jpg", photo_bytes(number, place), "image/jpeg")) for place in photos or (0,)]
    return client.post("/v1/persons", data=papers, files=files)


def identify(client: httpx.Client, photo: bytes, **fields: str) -> httpx.Response:
    return client.post("/v1/identify", data=fields, files={"photo": ("probe.jpg", photo, "image/jpeg")})
