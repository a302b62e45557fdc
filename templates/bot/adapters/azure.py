"""An endpoint as the function of an HTTP trigger of Azure Functions.

Source: https://learn.microsoft.com/azure/azure-functions/functions-reference-python
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import cast
from urllib.parse import urlencode

import azure.functions as func

from ..reply import Endpoint, Reply, join_fields, out_of_reach
from ..store import StoreError
from .service import Service

AzureFunction = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]


def azure_function(endpoint: Endpoint, service: Service) -> AzureFunction:
    """Return a function that answers requests; its parameter has the name of `route`'s binding."""

    async def answer(req: func.HttpRequest) -> func.HttpResponse:
        query = urlencode(req.params)
        sent = cast("Mapping[str, str]", req.headers)
        headers = join_fields(list(sent.items()))
        try:
            async with service.invocation():
                reply = await endpoint.handle(req.method, headers, query, req.get_body())
        except StoreError as error:
            reply = out_of_reach(error)
        return _response(reply)

    # Its name is that of the function in the portal, and no two of a function app may have the same.
    answer.__name__ = type(endpoint).__name__.lower()
    return answer


def _response(reply: Reply) -> func.HttpResponse:
    return func.HttpResponse(reply.body, status_code=reply.status, headers=reply.headers)
