"""Who can be called: the people that a script declares, and everybody else, who lets it ring."""

from __future__ import annotations

from graph_comms.bot.json_values import Json, object_of, text_of

from .faults import malformed_identity
from .ids import Seeded, same_id
from .people import Person


class Directory:
    """People by the ids and numbers that calls name them by."""

    def __init__(self, seeded: Seeded) -> None:
        self._seeded = seeded
        self._people: dict[str, Person] = {}

    def clear(self) -> None:
        """Forget everybody."""
        self._people.clear()

    def user(self, name: str) -> Person:
        """Return the user of a name, who is declared by it."""
        for person in self._people.values():
            if person.kind == "user" and person.name == name:
                return person
        return self._declare(Person("user", self._seeded.guid(), name))

    def phone(self, number: str) -> Person:
        """Return who answers a telephone number."""
        return self._people.get(same_id(number)) or self._declare(Person("phone", number, number))

    def called(self, identity: Json) -> Person:
        """Return whom an identity set means; raises Fault if it means nobody."""
        named = object_of(identity)
        if phone := text_of(object_of(named.get("phone")).get("id")):
            return self.phone(phone)
        user = object_of(named.get("user"))
        user_id = text_of(user.get("id"))
        if not user_id:
            raise malformed_identity()
        known = self._people.get(same_id(user_id))
        name = text_of(user.get("displayName")) or user_id
        return known or self._declare(Person("user", user_id, name))

    def _declare(self, person: Person) -> Person:
        self._people[same_id(person.id)] = person
        return person
