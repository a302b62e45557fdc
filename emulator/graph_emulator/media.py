"""What a bot has the service do with the audio of a call: prompts, keys, recordings."""

from __future__ import annotations

from collections.abc import Callable

from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from .call import Call, Operation
from .calls import Calls
from .faults import invalid, media_inactive
from .messages import Answer, Request

PROMPT = 3.0
"""How long a prompt lasts of which nothing else is known, in seconds."""

MOST_PROMPTS = 20
LONGEST_CONTEXT = 256


class Media:
    """The operations of service-hosted media; `lengths` are seconds of prompts by their addresses."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.lengths: dict[str, float] = {}

    def routes(self) -> dict[str, Callable[[Request], Answer]]:
        """Return what answers which operation, by method and path."""
        call = "/communications/calls/{call-id}"
        return {
            f"POST {call}/playPrompt": self.play_prompt,
            f"POST {call}/cancelMediaProcessing": self.cancel,
            f"POST {call}/subscribeToTone": self.subscribe_to_tone,
        }

    def play_prompt(self, request: Request) -> Answer:
        """Play prompts one after another, after those that play already (call-playprompt)."""
        call = self._calls.of(request)
        prompts = list_of(object_of(request.body).get("prompts"))
        if not 1 <= len(prompts) <= MOST_PROMPTS:
            raise invalid(f"prompts must hold between 1 and {MOST_PROMPTS} prompts.")
        if not call.audio:
            raise media_inactive()
        operation = self._start(call, request, "playPromptOperation")
        operation.details["prompts"] = prompts
        call.queue.append(operation)
        if len(call.queue) == 1:
            self._play_next(call)
        return self._started(request, call, operation)

    def cancel(self, request: Request) -> Answer:
        """End prompts and recordings before their time (call-cancelmediaprocessing)."""
        call = self._calls.of(request)
        cancelled = _result(400, 8508, "Action failed, the operation was cancelled.")
        for running in call.operations.values():
            if running.status == "running":
                self._end(call, running, "failed", cancelled, "operationCanceled")
        call.queue.clear()
        operation = self._start(call, request, "cancelMediaProcessingOperation", "completed")
        return self._started(request, call, operation)

    def subscribe_to_tone(self, request: Request) -> Answer:
        """Tell the bot of each key from now on (call-subscribetotone)."""
        call = self._calls.of(request)
        call.subscribed = True
        operation = self._start(call, request, "subscribeToToneOperation", "completed")
        return self._started(request, call, operation)

    def _play_next(self, call: Call) -> None:
        operation = call.queue[0]
        seconds = sum(self._length(prompt) for prompt in operation.details["prompts"])

        def played() -> None:
            if call.ended or operation.status != "running":
                return
            done = _result(200, 0, "Action completed successfully.")
            self._end(call, operation, "completed", done, "completedSuccessfully")
            call.queue.remove(operation)
            if call.queue:
                self._play_next(call)

        self._calls.schedule.after(seconds, played)

    def _length(self, prompt: Json) -> float:
        address = text_of(object_of(object_of(prompt).get("mediaInfo")).get("uri"))
        return self.lengths.get(address, PROMPT)

    def _start(self, call: Call, request: Request, kind: str, status: str = "running") -> Operation:
        context = text_of(object_of(request.body).get("clientContext"))
        if len(context) > LONGEST_CONTEXT:
            raise invalid(f"clientContext must not be longer than {LONGEST_CONTEXT} characters.")
        operation = Operation(
            id=self._calls.seeded.guid(), kind=kind, status=status, client_context=context or None
        )
        call.operations[operation.id] = operation
        return operation

    def _started(self, request: Request, call: Call, operation: Operation) -> Answer:
        location = f"{request.root}{call.path}/operations/{operation.id}"
        return Answer(200, operation.to_json(), {"Location": location})

    def _end(
        self, call: Call, operation: Operation, status: str, result: Json, reason: str
    ) -> None:
        operation.status, operation.result = status, result
        operation.details["completionReason"] = reason
        self._calls.tell_operation(call, operation)


def _result(code: int, subcode: int, message: str) -> dict[str, Json]:
    return {
        "@odata.type": "#microsoft.graph.resultInfo",
        "code": code,
        "subcode": subcode,
        "message": message,
    }
