"""Graph's cloud communications on your own machine: calls with scripted people on a virtual clock."""

from .async_emulator import AsyncEmulator
from .call import Call, Operation, Participant
from .driver import Stuck
from .emulator import Emulator
from .journal import JournalError
from .people import Person
from .remote import Credential, trust
from .seed_file import SeedFileError
from .server import Server, ServerError

__all__ = [
    "AsyncEmulator",
    "Call",
    "Credential",
    "Emulator",
    "JournalError",
    "Operation",
    "Participant",
    "Person",
    "SeedFileError",
    "Server",
    "ServerError",
    "Stuck",
    "trust",
]
