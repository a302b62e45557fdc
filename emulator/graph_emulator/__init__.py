"""Graph's cloud communications on your own machine: calls with scripted people on a virtual clock."""

from .call import Call, Operation, Participant
from .driver import Stuck
from .emulator import Emulator
from .people import Person

__all__ = ["Call", "Emulator", "Operation", "Participant", "Person", "Stuck"]
