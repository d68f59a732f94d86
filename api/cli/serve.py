"""``matcher serve``: HTTP and the page, for this machine."""

import ipaddress
import socket
from typing import Annotated

import typer

from api.cli.console import say
from api.cli.options import EngineOption, HomeOption, settings_of
from matcher.engine_choice import as_recorded
from matcher.errors import BadSetting
from matcher.settings import Settings

_GRACE_SECONDS = 30


def serve(
    ctx: typer.Context,
    *,
    host: Annotated[
        str | None, typer.Option("--host", help="A loopback address. [MATCHER_HOST]", show_default=False)
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="0: any free one. [MATCHER_PORT, else 8000]", show_default=False),
    ] = None,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Serve HTTP and the page on this machine until it is interrupted; requests under way are finished first."""
    settings = settings_of(ctx, home, engine, host=host, port=port)
    recorded = as_recorded(settings).engine
    if recorded != settings.engine:
        # It would search among other people than every other process, and could enroll nobody.
        raise BadSetting(f"this home's searches use {recorded}, not {settings.engine}; leave --engine away")
    serve_settings(settings)


def serve_settings(settings: Settings, *, grace: int = _GRACE_SECONDS) -> None:
    """Serve until Ctrl-C or SIGTERM; raises BadSetting for an address that others can reach, or that can't be had.

    grace: seconds in which requests under way may end; those that take longer are cut off.
    """
    import uvicorn

    from api.app import create_app

    refuse_others(settings.host)
    with _listening(settings) as listener:
        address = listener.getsockname()[1]
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        say(f"Serving http://{shown}:{address} from {settings.home}; Ctrl-C ends it.")
        config = uvicorn.Config(
            create_app(settings),
            log_level="warning",
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=grace,
        )
        server = uvicorn.Server(config)
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            say("Ended.")


def refuse_others(host: str) -> None:
    """Raises BadSetting unless host is this machine's own: there are no accounts yet."""
    try:
        own = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        own = False
    if not own:
        raise BadSetting(f"host {host!r} is not a loopback address; without accounts only 127.0.0.1 or ::1 are served")


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family)
        # Accepted connections inherit it; without it each answer waits some 40 ms for the client's acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as exc:
        raise BadSetting(
            f"port {settings.port} of {settings.host} can't be had ({exc.strerror}); choose another with --port"
        ) from exc
