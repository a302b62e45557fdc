"""What people say: wave files, of which a recording is made."""

from __future__ import annotations

import io
import os
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

RATE = 16_000
"""Samples in a second: the service takes one channel of 16 bits at 16 kHz."""

_WIDTH = 2


@dataclass(frozen=True, slots=True)
class Speech:
    """Something said: its samples, as bytes."""

    samples: bytes

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return len(self.samples) / (RATE * _WIDTH)

    @property
    def named(self) -> dict[str, float]:
        """What a journal has of it."""
        return {"seconds": self.seconds}

    @classmethod
    def of(cls, wav: str | os.PathLike[str] | bytes) -> Speech:
        """Return what a wave file says, given as a path or as its bytes.

        Raises ValueError unless it has one channel of 16 bits at 16 kHz; OSError where it cannot be read.
        """
        content = wav if isinstance(wav, bytes) else Path(wav).read_bytes()
        try:
            with wave.open(io.BytesIO(content)) as file:
                form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
                samples = file.readframes(file.getnframes())
        except (wave.Error, EOFError) as error:
            raise ValueError(f"this is not a wave file: {error}") from None
        if form != (1, _WIDTH, RATE):
            raise ValueError("a wave file must have one channel of 16 bits at 16 kHz")
        return cls(samples)

    @classmethod
    def silence(cls, seconds: float) -> Speech:
        """Return so many seconds in which nothing is to be heard."""
        return cls(bytes(int(seconds * RATE) * _WIDTH))


def wave_file(speeches: Iterable[Speech]) -> bytes:
    """Return the wave file of what was said."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(_WIDTH)
        file.setframerate(RATE)
        for speech in speeches:
            file.writeframes(speech.samples)
    return written.getvalue()
