"""A hit in words, so that an officer can judge what the net has caught, in either language.

Names stand between marks that isolate their direction (U+2068, U+2069), since one sentence often
holds both scripts. Every sentence says one thing; none says that it is the same person.
"""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from ceasefire.text import strip_bidi_controls
from grants.screening.entries import Quality
from grants.screening.matching import Hit, Pair

__all__ = ["explain", "in_both_languages"]

#: From here on two parts differ in nothing that is heard, or in little.
_SAME, _CLOSE = 0.99, 0.85


def explain(hit: Hit) -> tuple[str, ...]:
    """The hit in sentences of the language in use: what was compared, what agrees, what not."""
    likeness = hit.likeness
    said = [_compared(hit)]
    said += [_pair(pair) for pair in likeness.pairs]
    if likeness.only_one:
        said.append(_("Only in the name asked: %(words)s.") % {"words": _all(likeness.only_one)})
    if likeness.only_other:
        said.append(_("Only on the list: %(words)s.") % {"words": _all(likeness.only_other)})
    if not likeness.same_order:
        said.append(_("The parts stand in another order."))
    if len(likeness.pairs) == 1 and (likeness.only_one or likeness.only_other):
        said.append(_("Only one part of the name agrees."))
    said.append(_birth(hit))
    if hit.places:
        said.append(_("The list names the same place: %(places)s.") % {"places": _all(hit.places)})
    return tuple(said)


def in_both_languages(hit: Hit) -> dict[str, tuple[str, ...]]:
    """{"en": sentences, "ar": sentences}, for keeping beside the hit."""
    found = {}
    for language in ("en", "ar"):
        with translation.override(language):
            found[language] = explain(hit)
    return found


def _compared(hit: Hit) -> str:
    words = {
        "asked": _isolated(hit.asked),
        "found": _isolated(hit.found),
        "score": f"{hit.score:.2f}",
    }
    if hit.quality is Quality.PRIMARY:
        return (
            _("%(asked)s and the main name on the list, %(found)s: alike by %(score)s of 1.")
            % words
        )
    if hit.quality is Quality.LOW:
        return (
            _("%(asked)s and a name the list is unsure of, %(found)s: alike by %(score)s of 1.")
            % words
        )
    return _("%(asked)s and another name on the list, %(found)s: alike by %(score)s of 1.") % words


def _pair(pair: Pair) -> str:
    words = {"one": _isolated(pair.one), "other": _isolated(pair.other)}
    if pair.likeness >= _SAME:
        return _("%(one)s and %(other)s sound the same.") % words
    if pair.likeness >= _CLOSE:
        return _("%(one)s and %(other)s sound nearly the same.") % words
    return _("%(one)s and %(other)s sound somewhat alike.") % words


def _birth(hit: Hit) -> str:
    if hit.birth is None:
        return _("The birth years cannot be compared.")
    if hit.birth.apart == 0:
        return _("Both were born in %(year)s.") % {"year": hit.birth.year}
    return _("Born in %(year)s; the list says %(listed)s.") % {
        "year": hit.birth.year,
        "listed": hit.birth.listed,
    }


def _all(words: tuple[str, ...]) -> str:
    return _(", ").join(map(_isolated, words))


def _isolated(word: str) -> str:
    return f"\u2068{strip_bidi_controls(word)}\u2069"
