"""What a bot has the service do with the audio of a call: prompts, keys, recordings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from graph_comms._runtime.subcodes import explained
from graph_comms.bot.json_values import Json, list_of, object_of, text_of

from .behaviours import Behaviour
from .call import Call, Operation
from .calls import BEAT, Calls
from .faults import invalid, media_inactive, not_established, of_platform
from .messages import Answer, Request
from .operations import CANCELLED, DONE, answered, finish, started
from .recording import BEEP, Limits, Recording, Recordings, origin_of

PROMPT = 3.0
"""How long a prompt lasts of which nothing else is known, in seconds."""

TONE = 0.1
"""How long one tone lasts, in seconds."""

MOST_PROMPTS = 20

KEPT = 60.0
"""How long a recording can be read after the end of its call, in seconds."""

_CALL = "/communications/calls/{call-id}"


class Media:
    """The operations of service-hosted media: prompts and recordings wait for one another in a call."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._waiting: dict[str, list[tuple[Operation, Callable[[], object]]]] = {}
        """What each call has to play and record, the first of which it does now."""
        self._recording: dict[str, Recording] = {}
        self.recordings = Recordings()
        self.lengths: dict[str, float] = {}
        """How long prompts last, in seconds, by their addresses."""
        self.broken: dict[str, int] = {}
        """Why prompts cannot be played, as a sub-code, by their addresses."""
        calls.on_key = self._pressed
        calls.on_speech = lambda call, speech: self._to_recording(call, lambda r: r.hear(speech))
        calls.on_end.append(self._ended)

    def clear(self) -> None:
        """Forget what plays and records, and how long prompts last."""
        self._waiting.clear()
        self._recording.clear()
        self.recordings.clear()
        self.lengths.clear()
        self.broken.clear()

    def routes(self) -> dict[str, Callable[[Request], Answer]]:
        """Return what answers which operation, by method and path."""
        return {
            f"POST {_CALL}/playPrompt": self.play_prompt,
            f"POST {_CALL}/recordResponse": self.record_response,
            f"POST {_CALL}/cancelMediaProcessing": self.cancel,
            f"POST {_CALL}/subscribeToTone": self.subscribe_to_tone,
            f"POST {_CALL}/sendDtmfTones": self.send_tones,
        }

    def play_prompt(self, request: Request) -> Answer:
        """Play prompts one after another, after those that play already (call-playprompt)."""
        call = self._audible(request)
        prompts = list_of(object_of(request.body).get("prompts"))
        if not 1 <= len(prompts) <= MOST_PROMPTS:
            raise invalid(f"prompts must hold between 1 and {MOST_PROMPTS} prompts.")
        operation = started(self._calls, call, request, "playPromptOperation", prompts=prompts)

        def played() -> None:
            if operation.status == "running":
                finish(self._calls, call, operation, "completed", DONE, "completedSuccessfully")
                self._next(call, operation)

        length, broken = self._playing(prompts)
        end = played if broken is None else partial(self._cannot_play, call, operation, broken)
        self._queue(call, operation, lambda: self._calls.later(length, end))
        return answered(request, call, operation)

    def record_response(self, request: Request) -> Answer:
        """Play a prompt and a beep, and record what is said then (call-record)."""
        call = self._audible(request)
        body = object_of(request.body)
        prompts = list_of(body.get("prompts"))
        if len(prompts) > 1:
            raise invalid("prompts must not hold more than one prompt.")
        limits = Limits.of(body)
        operation = started(self._calls, call, request, "recordOperation")
        recording = Recording(
            self._calls,
            call,
            operation,
            limits,
            self.recordings,
            origin_of(request),
            over=lambda: self._next(call, operation),
        )
        beep = 0.0 if body.get("playBeep") is False else BEEP

        playing, broken = self._playing(prompts)

        def listen() -> None:
            if broken is not None:
                self._cannot_play(call, operation, broken)
            elif operation.status == "running" and not call.ended:
                self._recording[call.id] = recording
                recording.begin()

        before = playing + (beep if broken is None else 0.0)
        self._queue(call, operation, lambda: self._calls.later(before, listen))
        return answered(request, call, operation)

    def cancel(self, request: Request) -> Answer:
        """End prompts and recordings before their time (call-cancelmediaprocessing)."""
        call = self._calls.of(request)
        operation = started(
            self._calls, call, request, "cancelMediaProcessingOperation", "completed"
        )
        waiting = [running for running, _ in self._waiting.pop(call.id, [])]
        self._stop_recording(call)

        def tell() -> None:
            for running in waiting:
                if running.kind == "recordOperation":
                    running.details["recordingLocation"] = ""
                reason = "operationCanceled"
                finish(self._calls, call, running, "failed", CANCELLED, reason)

        self._calls.later(BEAT, tell)
        return answered(request, call, operation)

    def subscribe_to_tone(self, request: Request) -> Answer:
        """Tell the bot of each key from now on (call-subscribetotone)."""
        call = self._hosted(request)
        if call.bot_id not in call.participants:
            raise not_established()
        operation = started(self._calls, call, request, "subscribeToToneOperation", "completed")
        call.subscribed = True
        return answered(request, call, operation)

    def send_tones(self, request: Request) -> Answer:
        """Send keys to the other end (call-senddtmftones)."""
        call = self._audible(request)
        body = object_of(request.body)
        tones = list_of(body.get("tones"))
        if not tones:
            raise invalid("tones must hold a tone.")
        delay = body.get("delayBetweenTonesMs")
        between = delay / 1_000 if isinstance(delay, int) and delay > 0 else 0.0
        operation = started(self._calls, call, request, "sendDtmfTonesOperation")
        done = partial(
            finish, self._calls, call, operation, "completed", DONE, "completedSuccessfully"
        )
        self._calls.later(len(tones) * (TONE + between), done)
        return answered(request, call, operation)

    # -- one after another

    def _audible(self, request: Request) -> Call:
        """Return the call of a request whose audio is the service's, and active; raises Fault."""
        call = self._hosted(request)
        if not call.audio:
            raise media_inactive()
        return call

    def _hosted(self, request: Request) -> Call:
        """Return the call of a request whose audio is the service's; raises Fault."""
        call = self._calls.of(request)
        if call.app_hosted:
            raise of_platform(400, "8500", "Invalid media mode.")
        return call

    def _queue(self, call: Call, operation: Operation, begin: Callable[[], object]) -> None:
        waiting = self._waiting.setdefault(call.id, [])
        waiting.append((operation, begin))
        if len(waiting) == 1:
            begin()

    def _next(self, call: Call, done: Operation) -> None:
        """Begin what waits for an operation that has ended."""
        self._recording.pop(call.id, None)
        waiting = self._waiting.get(call.id, [])
        if not waiting or waiting[0][0] is not done:
            return
        del waiting[0]
        if waiting:
            waiting[0][1]()
        else:
            del self._waiting[call.id]

    def _playing(self, prompts: list[Json]) -> tuple[float, int | None]:
        """Return how long prompts play until one of them cannot be, and why not; None if all can."""
        seconds = 0.0
        for prompt in prompts:
            address = text_of(object_of(object_of(prompt).get("mediaInfo")).get("uri"))
            if broken := self.broken.get(address):
                return seconds, broken
            seconds += self.lengths.get(address, PROMPT)
        return seconds, None

    def _cannot_play(self, call: Call, operation: Operation, broken: int) -> None:
        if operation.status == "running":
            result = (400, broken, f"Action failed, {explained(400, broken)}.")
            finish(self._calls, call, operation, "failed", result, "unknown")
            self._next(call, operation)

    # -- what happens in a call

    def _to_recording(self, call: Call, tell: Callable[[Recording], None]) -> None:
        if recording := self._recording.get(call.id):
            tell(recording)

    def _pressed(self, call: Call, key: str) -> None:
        self._to_recording(call, lambda recording: recording.press(key))

    def _stop_recording(self, call: Call) -> None:
        if recording := self._recording.pop(call.id, None):
            recording.stop()

    def _ended(self, call: Call) -> None:
        self._waiting.pop(call.id, None)
        self._stop_recording(call)
        for operation in call.operations.values():
            if operation.kind == "recordOperation":
                forget = partial(self.recordings.forget, operation.id)
                self._calls.schedule.after(KEPT, forget, pending=False)


_PAGE = "https://learn.microsoft.com/graph/api/"
_TESTS = "tests/emulator/test_media.py::"

BEHAVIOURS = (
    Behaviour(
        "prompts.order", "D", f"{_PAGE}call-playprompt", f"{_TESTS}test_prompts_play_in_order"
    ),
    Behaviour(
        "prompts.most", "D", f"{_PAGE}call-playprompt", f"{_TESTS}test_what_cannot_be_played"
    ),
    Behaviour(
        "prompts.before_audio",
        "W",
        "microsoft-graph-comms-samples issue 545: 500 UnknownError",
        f"{_TESTS}test_nothing_is_played_before_the_audio_is_active",
    ),
    Behaviour(
        "prompts.broken",
        "D-ACS",
        "8535: invalid file format, 8536: download failed; the code is a guess",
        f"{_TESTS}test_a_prompt_that_cannot_be_played_fails",
    ),
    Behaviour("prompts.length", "?", "", f"{_TESTS}test_prompts_play_in_order"),
    Behaviour(
        "media.cancel",
        "D",
        f"{_PAGE}call-cancelmediaprocessing",
        f"{_TESTS}test_what_plays_and_what_waits_is_cancelled",
    ),
    Behaviour(
        "media.app_hosted",
        "D-ACS",
        "8500: invalid media mode",
        f"{_TESTS}test_nothing_is_played_into_app_hosted_media",
    ),
    Behaviour("tones.send", "D", f"{_PAGE}call-senddtmftones", f"{_TESTS}test_keys_are_sent"),
    Behaviour(
        "tones.subscribe",
        "D",
        f"{_PAGE}call-subscribetotone",
        f"{_TESTS}test_keys_need_a_subscription",
    ),
)
