"""How an endpoint of the bot is served: by ASGI, WSGI, Azure Functions and AWS Lambda."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Mapping
from typing import TYPE_CHECKING

from ..reply import Reply
from .asgi import AsgiApp
from .aws import LambdaFunction
from .service import LoopThread, check_shared
from .wsgi import WsgiApp

if TYPE_CHECKING:
    from .azure import AzureFunction


class Served(ABC):
    """An endpoint with its adapters. `thread` is the one of the bot, which all its endpoints share."""

    def __init__(self, thread: LoopThread) -> None:
        self.thread = thread

    @abstractmethod
    async def handle(
        self,
        method: str,
        headers: Mapping[str, str],
        query: str,
        body: bytes | AsyncIterable[bytes],
    ) -> Reply:
        """Return the answer to a request; see Endpoint."""

    def asgi(self) -> AsgiApp:
        """Return an ASGI application, such as for `app.router.add_route("/api/calls", bot.asgi())`.

        It answers every path that it is given. Do not mount it in Starlette or FastAPI: a mount answers
        its own path with a redirect, which Graph does not follow.
        """
        return AsgiApp(self, self.thread.service)

    def wsgi(self) -> WsgiApp:
        """Return a WSGI application; the bot runs in a thread of each process that serves it."""
        return WsgiApp(self, self.thread)

    def azure_function(self) -> AzureFunction:
        """Return the function of an HTTP trigger, for `app.route(...)` of Azure Functions.

        It stores and answers; a timer or queue trigger has to call `bot.run_due()` for handlers to run.
        Raises ValueError for a store that other processes do not share.
        """
        from .azure import azure_function  # which imports azure.functions

        check_shared(self.thread.service, "Azure Functions")
        return azure_function(self, self.thread.service)

    def aws_lambda(self, *, inline: bool = False) -> LambdaFunction:
        """Return the handler of an AWS Lambda function behind API Gateway or a function URL.

        It stores and answers; a schedule or queue has to call `bot.run_due()` for handlers to run.
        If `inline`, they run before the answer, which Graph may be too impatient for. Raises ValueError
        for a store that other processes do not share.
        """
        check_shared(self.thread.service, "AWS Lambda")
        return LambdaFunction(self, self.thread.service, inline=inline)
