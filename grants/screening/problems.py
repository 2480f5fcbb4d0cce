"""What a list file or a screening may be refused for; each message is for the person who asked."""

from typing import Any

from django.utils.translation import gettext_lazy as _

__all__ = [
    "BadDate",
    "BadEncoding",
    "BadRow",
    "DeclaresEntities",
    "DifferentDate",
    "EmptyList",
    "FromTheFuture",
    "ListRefused",
    "MissingDate",
    "NotWellFormed",
    "NothingToCompare",
    "NothingToScreenAgainst",
    "OtherFormat",
    "ScreeningRefused",
    "StrangeAlias",
    "TooLarge",
    "TwiceTheSame",
    "WrongCount",
]


class ScreeningRefused(Exception):
    """A screening that would say nothing; `message` says why in the reader's language."""

    message = _("This cannot be screened.")

    def __str__(self) -> str:
        return str(self.message)


class NothingToCompare(ScreeningRefused):
    """No name, or one in a script that is not compared: finding nothing would clear nobody."""

    message = _("A name in Arabic or Latin letters is needed to screen.")


class NothingToScreenAgainst(ScreeningRefused):
    """No list, or lists without entries."""

    message = _("There is no list to screen against. Upload one first.")


class ListRefused(Exception):
    """A list file that is not taken. Nothing of it is; `where` is a line or an entry, if known."""

    message = _("This file cannot be read as a list.")

    def __init__(self, where: Any = None) -> None:
        super().__init__()
        self.where = where

    def __str__(self) -> str:
        if self.where is None:
            return str(self.message)
        return f"{self.message} ({self.where})"


class TooLarge(ListRefused):
    """More bytes, entries, names or depth than any such list has."""

    message = _("The file is larger than any such list.")


class BadEncoding(ListRefused):
    """Not UTF-8, or bytes that no text has."""

    message = _("The file is not text in UTF-8.")


class OtherFormat(ListRefused):
    """A file of another kind: another root element, another number of columns."""

    message = _("The file is not a list of this format.")


class NotWellFormed(ListRefused):
    """XML that ends early or is broken."""

    message = _("The file is damaged or incomplete. Download it again.")


class DeclaresEntities(ListRefused):
    """A document type declaration, from which XML's bombs and references outside are made."""

    message = _("The file declares a document type. No such list does, so it is not read.")


class BadRow(ListRefused):
    """An entry without a number or a name, or of an unknown kind."""

    message = _("An entry of the list cannot be read.")


class StrangeAlias(ListRefused):
    """An alias of an entry that the other file lacks: the two are not of one day."""

    message = _("The aliases belong to another edition of the list. Upload both files of one day.")


class TwiceTheSame(ListRefused):
    """Two entries of one number."""

    message = _("Two entries of the list have the same number.")


class EmptyList(ListRefused):
    """No entry at all: screening against it would find nobody."""

    message = _("The list holds no entry.")


class WrongCount(ListRefused):
    """Other than the number of entries that the file itself gives."""

    message = _("The file holds another number of entries than it says. Download it again.")


class MissingDate(ListRefused):
    """No date in the file, and none given: the CSV files have none of their own."""

    message = _("The file has no date. Give the day it was published.")


class BadDate(ListRefused):
    """A date in the file that is none."""

    message = _("The date of the list cannot be read.")


class DifferentDate(ListRefused):
    """Another day than the file gives itself."""

    message = _("The file gives another date than you did.")


class FromTheFuture(ListRefused):
    """A list of a day that has not come."""

    message = _("The date of the list lies in the future.")
