"""Who acts in a request, for the audit: until there are accounts, the machine that it comes from."""

from starlette.types import ASGIApp, Receive, Scope, Send

from matcher.audit.acting import acting


class Acting:
    """Says it for everything that is done in the request, in threads too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client") if scope["type"] == "http" else None
        if client is None:
            await self._app(scope, receive, send)
            return
        with acting(f"http:{client[0]}"):
            await self._app(scope, receive, send)
