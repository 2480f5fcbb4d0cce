"""Refusals of photos; each message is for the person who asked."""

from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ceasefire.attachments import limits


class AttachmentRefusal(Exception):
    """Something that may not be done with photos; `message` says why in the reader's language."""

    message: Any = _("This cannot be done.")

    def __str__(self) -> str:
        return str(self.message)


#: Why a file is not taken, by code.
REASONS: dict[str, Any] = {
    "empty": _("The file is empty."),
    "too_large": format_lazy(
        _("The photo is larger than {megabytes} MB. Take a smaller one, or a screenshot of it."),
        megabytes=limits.FILE // limits.MEGABYTE,
    ),
    "no_photo": _("This is no photo. Choose a JPEG, PNG or WebP file."),
    "heic": _(
        "HEIC photos cannot be read here. Choose JPEG in the settings of the camera, or take a "
        "screenshot of the photo."
    ),
    "not_what_it_says": _(
        "The content of the file is not what its name says, so it is not taken. Take a screenshot "
        "of the photo and send that."
    ),
    "too_many_pixels": _("The picture measures too many pixels. Take a screenshot of it."),
    "broken": _("The picture is damaged and cannot be read. Choose it again, or another one."),
}


class PhotoRefused(AttachmentRefusal):
    """A file that is not taken as a photo; `code` is a key of `REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = REASONS[code]


class NotForThisPerson(AttachmentRefusal):
    """The person's role, site or part in the record does not allow it."""

    message = _("This is for somebody else to do.")


class TooManyHere(AttachmentRefusal):
    message = format_lazy(
        _("A record holds at most {most} photos. Remove one first."), most=limits.PER_SUBJECT
    )


class QuotaUsedUp(AttachmentRefusal):
    message = format_lazy(
        _("You have added {most} photos today, which is as many as a day allows."),
        most=limits.PER_DAY,
    )


class ReasonNeeded(AttachmentRefusal):
    message = _("Give a reason.")


class AlreadyRemoved(AttachmentRefusal):
    message = _("This photo was removed already.")
