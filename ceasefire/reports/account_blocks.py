"""The block of the homes about what waits for a second person."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ceasefire.accounts import second_person
from ceasefire.people.models import User
from ceasefire.reports.blocks import Block, address


def second_person_needed(user: User) -> Block:
    """How many changes of accounts wait for this person's yes or no; one query."""
    count = second_person.to_confirm(user).count()
    return Block(
        title=_("What waits for a second person?"),
        value=count,
        unit=ngettext("change to confirm", "changes to confirm", count),
        note=_("A role, a link or a second step; each lapses after two days.")
        if count
        else _("Nothing waits for you."),
        tone="due" if count else "",
        url=address("people:change_list"),
        url_label=_("Waiting for a second person"),
    )
