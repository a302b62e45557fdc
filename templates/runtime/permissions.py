"""Which permissions a request needs, from facts kept as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionRule:
    """One documented fact: a body of this shape needs these application permissions.

    A rule with ``any_of`` describes a whole request, and the first one that fits the body counts;
    ``any_of`` is ordered by privilege, least first. A rule with ``all_of`` describes one feature of
    a request, and every one that fits adds its permissions.

    ``when`` is the wire name of a property that must be present and not null; ``at_least`` is the
    number of items it must hold, ``odata_type`` the type it must have. Without ``when`` the rule
    always fits. ``source`` is the documentation page that states the fact.
    """

    shape: str
    description: str
    source: str
    when: str | None = None
    at_least: int | None = None
    odata_type: str | None = None
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """The documented permissions of an operation; empty where nothing is documented.

    An application without a user needs one of ``application``, a signed-in user one of ``delegated``:
    the least privileged come first. Where the body decides, ``rules`` say what it needs, and count
    instead of ``application``. ``dissent`` is what another source says that names no permission.
    """

    application: tuple[str, ...] = ()
    delegated: tuple[str, ...] = ()
    rules: tuple[PermissionRule, ...] = ()
    dissent: str = ""


NO_PERMISSIONS = Permissions()


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionNeed:
    """What one request needs: any one of ``any_of`` and all of ``all_of``, or one of ``delegated``.

    The last are for the token of a signed-in user, the others for that of an application.
    """

    shape: str | None = None
    description: str = "this request"
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    delegated: tuple[str, ...] = ()
    dissent: str = ""

    @property
    def permissions(self) -> tuple[str, ...]:
        """All of the application permissions, alternatives included."""
        return self.any_of + self.all_of

    def __str__(self) -> str:
        """Return one sentence without a full stop; empty if nothing is known."""
        ways = [
            text
            for text in (
                _one_of("application", self.any_of, self.all_of),
                _one_of("delegated", self.delegated),
            )
            if text
        ]
        if not ways:
            return ""
        needs = f"{self.description} needs {', or '.join(ways)}"
        return needs + (f"; sources differ: {self.dissent}" if self.dissent else "")


def required_permissions(
    documented: Permissions, wire_body: Mapping[str, object] | None
) -> PermissionNeed:
    """Return the permissions that a request with this JSON body (None: no body) needs.

    The need is empty if nothing is documented. Never raises, whatever the body holds.
    """
    fitting = [rule for rule in documented.rules if _fits(rule, wire_body or {})]
    whole = next((rule for rule in fitting if rule.any_of), None)
    features = [rule for rule in fitting if rule.all_of]
    if not fitting:
        return PermissionNeed(
            any_of=documented.application,
            delegated=documented.delegated,
            dissent=documented.dissent,
        )
    parts = ([whole.description] if whole else []) + [rule.description for rule in features]
    return PermissionNeed(
        shape=whole.shape if whole else None,
        description=" with ".join(parts),
        any_of=whole.any_of if whole else (),
        all_of=tuple(name for rule in features for name in rule.all_of),
        delegated=documented.delegated,
        dissent=documented.dissent,
    )


def _fits(rule: PermissionRule, body: Mapping[str, object]) -> bool:
    if rule.when is None:
        return True
    value = body.get(rule.when)
    if value is None:
        return False
    if rule.at_least is not None:
        return isinstance(value, list) and len(cast("list[object]", value)) >= rule.at_least
    return rule.odata_type is None or _odata_type(value) == rule.odata_type.lower()


def _odata_type(value: object) -> str | None:
    """Return the declared type of an object in one spelling: Graph is lax about "#" and case."""
    if not isinstance(value, Mapping):
        return None
    name = cast("Mapping[str, object]", value).get("@odata.type")
    return name.removeprefix("#").lower() if isinstance(name, str) else None


def _one_of(kind: str, any_of: tuple[str, ...], all_of: tuple[str, ...] = ()) -> str:
    """Return the permissions of a kind in words, empty if there are none."""
    if len(any_of) < 2:
        names = any_of + all_of
        noun = "permission" if len(names) == 1 else "permissions"
        return f"the {kind} {noun} {_listed(names, 'and')}" if names else ""
    needs = f"one of the {kind} permissions {_listed(any_of, 'or')}"
    return needs + (f", and in addition {_listed(all_of, 'and')}" if all_of else "")


def _listed(names: Sequence[str], conjunction: str) -> str:
    *rest, last = names
    return f"{', '.join(rest)} {conjunction} {last}" if rest else last
