"""Keeping a filter of the list under a name, sharing it, opening the list with it."""

from typing import Any

from django.db import IntegrityError, transaction

from ceasefire import audit, vault
from ceasefire.people.models import User
from ceasefire.places.models import Site
from incidents.exceptions import FilterNameTaken, NotForThisPerson, TooManyFilters
from incidents.models import SavedFilter

#: More than this is a list of filters that needs a filter.
MOST_FILTERS = 20
WORDS = "words"


@transaction.atomic
def save_filter(
    *,
    name: str,
    answers: dict[str, Any],
    words: str,
    by: User,
    is_default: bool = False,
    shared_with: Site | None = None,
) -> SavedFilter:
    """Keep the answers of the list's filters (codes and days) and, sealed, the searched words.

    A name stands once a person (FilterNameTaken); a new default takes the place of the old one;
    shared with one of the person's own sites by who may share.
    """
    # One after the other: two new defaults at once are one.
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    if shared_with is not None and (
        not by.has_perm("incidents.share_filter") or shared_with.pk not in by.site_ids
    ):
        raise NotForThisPerson
    own = SavedFilter.objects.filter(owner=by)
    if own.count() >= MOST_FILTERS:
        raise TooManyFilters
    if is_default:
        own.filter(is_default=True).update(is_default=False)
    try:
        with transaction.atomic():
            saved = SavedFilter.objects.create(
                owner=by,
                name=name.strip(),
                answers=answers,
                has_words=bool(words),
                is_default=is_default,
                shared_with=shared_with,
            )
    except IntegrityError:
        raise FilterNameTaken from None
    if words:
        vault.seal(saved, WORDS, words, by=by)
    audit.record(
        "incident.filter_saved",
        subject=saved,
        by=by,
        detail={"filters": sorted(answers), "shared": shared_with is not None},
    )
    return saved


@transaction.atomic
def remove_filter(saved: SavedFilter, *, by: User) -> None:
    """Forget a filter with its sealed words; only its owner may."""
    saved = SavedFilter.objects.select_for_update(of=("self",)).get(pk=saved.pk)
    if saved.owner_id != by.pk:
        raise NotForThisPerson
    audit.record("incident.filter_removed", subject=saved, by=by)
    if saved.has_words:
        vault.forget(saved, WORDS, by=by)
    saved.delete()


@transaction.atomic
def make_default(saved: SavedFilter, *, by: User, is_default: bool) -> SavedFilter:
    """Open the list with this filter, or no longer; only its owner may."""
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    saved = SavedFilter.objects.select_for_update(of=("self",)).get(pk=saved.pk)
    if saved.owner_id != by.pk:
        raise NotForThisPerson
    if is_default:
        SavedFilter.objects.filter(owner=by, is_default=True).update(is_default=False)
    saved.is_default = is_default
    saved.save(update_fields=["is_default"])
    audit.record("incident.filter_default", subject=saved, by=by, detail={"default": is_default})
    return saved


def answers_of(saved: SavedFilter, *, by: User) -> dict[str, str]:
    """The answers as the address of the list takes them, with the words unsealed."""
    given = {name: str(value) for name, value in saved.answers.items()}
    if saved.has_words:
        given["q"] = vault.unseal(saved, WORDS, by=by)
    return given
