"""Graph's cloud communications on your own machine: calls with scripted people on a virtual clock."""

from .call import Call, Operation, Participant
from .driver import Stuck
from .emulator import Emulator
from .people import Person
from .remote import Credential, trust
from .server import Server, ServerError

__all__ = [
    "Call",
    "Credential",
    "Emulator",
    "Operation",
    "Participant",
    "Person",
    "Server",
    "ServerError",
    "Stuck",
    "trust",
]
