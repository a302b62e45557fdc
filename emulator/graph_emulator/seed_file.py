"""A file that declares who and what there is: users, phones, meetings, applications and their instances."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from .harness import Harness


class SeedFileError(ValueError):
    """A seed file that cannot be used; the message says where and why."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _User(_Table):
    name: str = Field(min_length=1)
    id: str | None = None


class _Phone(_Table):
    number: str = Field(min_length=1)


class _Meeting(_Table):
    join_url: str
    passcode: str | None = None
    lobby: bool = False


class _Application(_Table):
    id: str = Field(min_length=1)
    roles: list[str] | None = None


class _ApplicationInstance(_Table):
    id: str = Field(min_length=1)
    has_number: bool


class _Seeds(_Table):
    users: list[_User] = []
    phones: list[_Phone] = []
    meetings: list[_Meeting] = []
    applications: list[_Application] = []
    application_instances: list[_ApplicationInstance] = []


def declare(svc: Harness, path: str | os.PathLike[str]) -> None:
    """Declare in an emulator what a TOML file has; raises SeedFileError."""
    where = os.fspath(path)
    try:
        seeds = _Seeds.model_validate(tomllib.loads(Path(path).read_text("utf-8")))
    except OSError as error:
        raise SeedFileError(f"{where} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SeedFileError(f"{where} is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SeedFileError(f"{where}: {place}: {first['msg']}") from None
    for meeting in seeds.meetings:
        try:
            svc.meeting(meeting.join_url, passcode=meeting.passcode, lobby=meeting.lobby)
        except ValueError as error:
            raise SeedFileError(f"{where}: meetings: {error}") from None
    for user in seeds.users:
        svc.user(user.name, id=user.id)
    for phone in seeds.phones:
        svc.phone(phone.number)
    for application in seeds.applications:
        svc.app(application.id, roles=application.roles)
    for instance in seeds.application_instances:
        svc.application_instance(instance.id, has_number=instance.has_number)
