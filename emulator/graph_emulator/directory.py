"""Who can be called: the people that a script declares, and everybody else, who lets it ring."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from graph_comms.bot.json_values import Json, object_of, text_of

from .behaviours import Behaviour
from .faults import Fault, malformed_identity, not_registered
from .ids import Seeded, same_id
from .people import Person
from .telling import Teller
from .tokens import Caller


class Directory:
    """People by the ids and numbers that calls name them by."""

    def __init__(self, seeded: Seeded, teller: Teller) -> None:
        self._seeded = seeded
        self._teller = teller
        self._people: dict[str, Person] = {}
        self._stand_ins: list[Person] = []
        self._applications: dict[str, frozenset[str] | None] = {}
        self._instances: dict[str, bool] = {}
        """Whether the application instances that were declared have a number."""
        self.strict = False
        """Whether only those can be called who were declared."""

    def clear(self) -> None:
        """Forget everybody."""
        self._people.clear()
        self._stand_ins.clear()
        self._applications.clear()
        self._instances.clear()

    def application_instance(self, instance_id: str, *, has_number: bool) -> None:
        """Declare an application instance, with or without a telephone number."""
        self._instances[same_id(instance_id)] = has_number

    def has_number(self, identity: Json) -> bool:
        """Whether an identity set is of an application instance that has a number: any but declared ones."""
        instance = text_of(object_of(object_of(identity).get("applicationInstance")).get("id"))
        return bool(instance) and self._instances.get(same_id(instance), True)

    def application(self, app_id: str, roles: Collection[str] | None = None) -> None:
        """Declare an application that is a calling bot; from then on only declared ones are.

        `roles` are those that it has been granted; None for all of them.
        """
        self._applications[same_id(app_id)] = None if roles is None else frozenset(roles)

    def admitted(self, caller: Caller) -> Caller:
        """Return a caller with the roles that its application was granted.

        Raises Fault for an application that is not declared, if any is.
        """
        if not self._applications:
            return caller
        if same_id(caller.app_id) not in self._applications:
            raise not_registered()
        granted = self._applications[same_id(caller.app_id)]
        if granted is None:
            return caller
        return replace(caller, roles=granted if caller.roles is None else caller.roles & granted)

    def may_use(self, app_id: str, caller_id: str) -> bool:
        """Whether an application may call as another: as any, until applications are declared."""
        return not self._applications or same_id(app_id) == same_id(caller_id)

    def sees_callers(self, app_id: str) -> bool:
        """Whether an application is told who calls: not if it was declared without a role for calls."""
        granted = self._applications.get(same_id(app_id))
        return granted is None or any(role.startswith("Calls.") for role in granted)

    def labelled(self, label: str) -> Person | None:
        """Return who has a label."""
        return next((one for one in self._people.values() if one.label == label), None)

    def names(self) -> list[str]:
        """Return the labels of everybody."""
        return [one.label for one in self._people.values()]

    def user(self, name: str, user_id: str | None = None) -> Person:
        """Return the user of a name, who is declared by it, with an id if that matters."""
        for person in self._people.values():
            if person.kind == "user" and person.name == name:
                return person
        return self._declare(Person("user", user_id or self._seeded.guid(f"user {name}"), name))

    def phone(self, number: str) -> Person:
        """Return who answers a telephone number."""
        return self._people.get(same_id(number)) or self._declare(Person("phone", number, number))

    def called(self, identity: Json) -> Person:
        """Return whom an identity set means; raises Fault if it means nobody."""
        named = object_of(identity)
        if phone := text_of(object_of(named.get("phone")).get("id")):
            known = self._people.get(same_id(phone)) or self._stood_in(phone)
            return known or self._stranger(Person("phone", phone, phone))
        user = object_of(named.get("user"))
        user_id = text_of(user.get("id"))
        if not user_id:
            raise malformed_identity()
        known = self._people.get(same_id(user_id))
        name = text_of(user.get("displayName")) or user_id
        return known or self._stranger(Person("user", user_id, name))

    def stand_in(self) -> Person:
        """Return somebody with a telephone, whose number is the first unknown one that is called."""
        name = f"stand-in {len(self._people) + 1}"
        self._stand_ins.append(person := self._declare(Person("phone", name, name)))
        return person

    def _stood_in(self, number: str) -> Person | None:
        if not self._stand_ins:
            return None
        person = self._stand_ins.pop(0)
        del self._people[same_id(person.id)]
        person.id = person.name = number
        self._people[same_id(number)] = person
        return person

    def _stranger(self, person: Person) -> Person:
        if self.strict:
            raise Fault(404, "8522", "Participant not found.")
        return self._declare(person)

    def _declare(self, person: Person) -> Person:
        person.teller = self._teller
        person.label = person.name
        if person.kind == "phone":
            number = sum(one.kind == "phone" for one in self._people.values()) + 1
            person.label = f"phone {number}"
        self._people[same_id(person.id)] = person
        return person


_TESTS = "tests/emulator/test_seed_file.py::"

BEHAVIOURS = (
    Behaviour(
        "applications.registered",
        "W",
        "microsoft-graph-docs issue 10845: 403, 7503",
        f"{_TESTS}test_only_declared_applications_are_bots",
    ),
    Behaviour(
        "incoming.encrypted",
        "D",
        "https://learn.microsoft.com/graph/api/call-answer: without a role, the source is encrypted",
        "tests/emulator/test_shapes.py::test_who_calls_is_encrypted_without_a_role",
    ),
    Behaviour("directory.strict", "?", "", f"{_TESTS}test_only_declared_people_can_be_called"),
)
