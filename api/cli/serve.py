"""``matcher serve``: HTTP and the pages, for this machine or, with accounts and TLS, for others."""

import ipaddress
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import remark, say
from api.cli.exits import tell
from api.cli.options import EngineOption, HomeOption, settings_of
from matcher.engine_choice import as_recorded, has_records
from matcher.errors import BadSetting
from matcher.settings import Settings

if TYPE_CHECKING:
    from uvicorn import Config

_GRACE_SECONDS = 30
# Longer than proxies and programs keep an idle connection: the side that may send next should be the one that closes
# it. A request that comes as the service closes is lost.
_KEPT_OPEN_SECONDS = 75
_MAKE_ONE = "make the first with matcher accounts add NAME --role administrator"


def serve(
    ctx: typer.Context,
    *,
    host: Annotated[
        str | None,
        typer.Option("--host", help="The address to listen on. [MATCHER_HOST, else 127.0.0.1]", show_default=False),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="0: any free one. [MATCHER_PORT, else 8000]", show_default=False),
    ] = None,
    without_accounts: Annotated[
        bool | None,
        typer.Option(
            "--without-accounts",
            help="Serve whoever uses this machine, until there is an account. [MATCHER_WITHOUT_ACCOUNTS]",
            show_default=False,
        ),
    ] = None,
    hosts: Annotated[
        str | None,
        typer.Option(
            "--hosts", help="Names by which others reach it, with commas. [MATCHER_HOSTS]", show_default=False
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", help="Certificate chain, PEM. [MATCHER_TLS_CERT]", show_default=False)
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", help="Its private key, PEM. [MATCHER_TLS_KEY]", show_default=False)
    ] = None,
    behind_proxy: Annotated[
        str | None,
        typer.Option(
            "--behind-proxy",
            help="Addresses or networks of the proxies that may pass requests on. [MATCHER_BEHIND_PROXY]",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Serve HTTP and the pages until it is interrupted; requests under way are finished first.

    Other machines are served only with accounts, and over TLS or through a proxy that is named.
    """
    settings = settings_of(
        ctx,
        home,
        engine,
        host=host,
        port=port,
        without_accounts=without_accounts,
        hosts=hosts,
        tls_cert=tls_cert,
        tls_key=tls_key,
        behind_proxy=behind_proxy,
    )
    recorded = as_recorded(settings).engine
    if recorded != settings.engine:
        # It would search among other people than every other process, and could enroll nobody.
        raise BadSetting(f"this home's searches use {recorded}, not {settings.engine}; leave --engine away")
    serve_settings(settings)


def serve_settings(settings: Settings, *, grace: int = _GRACE_SECONDS) -> None:
    """Serve until Ctrl-C or SIGTERM; raises BadSetting for an address that others could reach unprotected, or that
    can't be had.

    grace: seconds in which requests under way may end; those that take longer are cut off.
    """
    import uvicorn

    from api.app import create_app
    from api.draining import Server
    from api.heads import Prompt
    from api.logs import set_up

    refuse_unprotected(settings)
    app = create_app(settings)
    with _listening(settings) as listener:
        address = listener.getsockname()[1]
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        scheme = "http" if settings.tls_cert is None else "https"
        say(f"Serving {scheme}://{shown}:{address} from {settings.home}; Ctrl-C ends it.")
        set_up(settings.log_format)
        config = uvicorn.Config(
            app,
            http=Prompt,
            log_config=None,
            access_log=False,
            server_header=False,
            # Who may say what came through a proxy is the guard's own business.
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=grace,
            timeout_keep_alive=_KEPT_OPEN_SECONDS,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
        )
        _with_tls(config)
        server = Server(config, desk=app.state.desk, seconds=settings.drain_seconds)
        # A shell that starts it in the background has Ctrl-C ignored; then the server comes back by itself.
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
        say("Ended.")


def refuse_unprotected(settings: Settings) -> None:
    """Raises BadSetting where anybody could ask who should not: without accounts, TLS or a named proxy."""
    from api.auth.exposure import exposure_of

    exposure = exposure_of(settings)
    has_accounts = _has_accounts(settings)
    others = not _is_own(settings.host)
    if not has_accounts:
        if others or exposure.proxies:
            raise BadSetting(f"others are served only with accounts, and there is none; {_MAKE_ONE}")
        if not settings.without_accounts:
            raise BadSetting(
                f"this home has no account; {_MAKE_ONE}, or serve whoever uses this machine with --without-accounts"
            )
        remark("Without accounts: whoever can use this machine can search and change the records.")
    if others and not (exposure.over_tls or exposure.proxies):
        raise BadSetting(
            f"host {settings.host!r} can be reached by others; give --hosts with --tls-cert and --tls-key, or with "
            "--behind-proxy, or listen on 127.0.0.1"
        )
    if (others or exposure.proxies) and not _has_key(settings):
        tell(
            "this home has no key, so that photos and templates lie in it as they are while others are served; matcher "
            "keys init begins one (docs/protection.md)"
        )


def _has_accounts(settings: Settings) -> bool:
    """Whether the home has an account; makes no home where there is none."""
    from matcher.accounts.opening import open_accounts

    if not has_records(settings):
        return False
    with open_accounts(settings) as accounts:
        return not accounts.register.is_empty()


def _has_key(settings: Settings) -> bool:
    """Whether what is added to the home's records is sealed."""
    from matcher.build import open_database
    from matcher.records.vault import has_key

    database = open_database(settings)
    try:
        with database.reading() as connection:
            return has_key(connection)
    finally:
        database.close()


def _is_own(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _with_tls(config: "Config") -> None:
    """Raises BadSetting for a certificate or key that can't be used; nothing older than TLS 1.2 is spoken."""
    try:
        config.load()
    except (OSError, ssl.SSLError) as exc:
        raise BadSetting(f"tls_cert and tls_key can't be used ({type(exc).__name__}: {exc}); give PEM files") from exc
    context = config.ssl
    if context is not None:
        context.minimum_version = ssl.TLSVersion.TLSv1_2


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
