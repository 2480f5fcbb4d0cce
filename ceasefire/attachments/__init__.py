"""Photos that belong to a record: drawn anew, sealed, seen by who may see the record.

A photo says more than the person who took it means to: where, when, with which phone. So nothing of
a file that comes in is kept. Its pixels are read, turned upright, put into sRGB, made smaller, and
written out as a new JPEG and a thumbnail (`images`); the name of the file and the file itself are
forgotten with the request, and never touch a disk (`uploads`).

What is kept lies in the database, sealed under the vault's key (`contents`), for the reasons of an
uploaded list: the worker may run on another machine, a rolled-back upload leaves nothing behind,
one backup holds everything, and no picture is ever readable outside the program.

This module knows no record of an app. An app says of its model who sees and who changes photos:

    from ceasefire import attachments

    attachments.register(attachments.Subject(model=Incident, visible=..., ...))   # in ready()

    attachments.attach_photo(incident, upload, by=user, caption="the gate")
    attachments.listed_for(incident, user)
    attachments.remove(attachment, by=user, reason=why)
    attachments.reattach(attachment, to=other, by=user)                          # after a merge

May import the vault, audit, jobs, people and what lies below. REO's database role has no right on
any table here.
"""

from typing import TYPE_CHECKING, Any

from ceasefire.attachments.exceptions import (
    AlreadyRemoved,
    AttachmentRefusal,
    NotForThisPerson,
    PhotoRefused,
    QuotaUsedUp,
    ReasonNeeded,
    TooManyHere,
)
from ceasefire.attachments.registry import Subject, register

if TYPE_CHECKING:
    from ceasefire.attachments.services import (
        attach_photo,
        attach_photos,
        listed_for,
        may_add,
        may_remove,
        reattach,
        remove,
        told,
    )

__all__ = [
    "AlreadyRemoved",
    "AttachmentRefusal",
    "NotForThisPerson",
    "PhotoRefused",
    "QuotaUsedUp",
    "ReasonNeeded",
    "Subject",
    "TooManyHere",
    "attach_photo",
    "attach_photos",
    "listed_for",
    "may_add",
    "may_remove",
    "reattach",
    "register",
    "remove",
    "told",
]

# Looked up at first use: models can not be imported before the apps are loaded.
_SERVICES = {
    "attach_photo",
    "attach_photos",
    "listed_for",
    "may_add",
    "may_remove",
    "reattach",
    "remove",
    "told",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _SERVICES:
        return getattr(import_module("ceasefire.attachments.services"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
