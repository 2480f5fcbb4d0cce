"""Names of organisations that did not agree to be named, found in what people typed.

A grant that is published whole may tell in its title or purpose who built the park. Names of one
word are looked for only in the grants of the organisation itself: "Council" is in many texts. Names
of people cannot be found like this; that is what the preview and the second person are for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ceasefire.text import search_key

Words = tuple[str, ...]


class Names:
    """Names to be kept back, by their first word as it is searched."""

    def __init__(self, names: Iterable[str]) -> None:
        self.by_first: dict[str, set[Words]] = {}
        for name in names:
            words = words_of(name)
            if words:
                self.by_first.setdefault(words[0], set()).add(words)

    def stand_in(self, text: str, own: Iterable[str] = ()) -> bool:
        """Whether one of the names stands in a text; of `own` those of a single word too."""
        words = words_of(text)
        single = {found[0] for name in own if len(found := words_of(name)) == 1}
        return any(
            (len(name) > 1 or word in single) and words[at : at + len(name)] == name
            for at, word in enumerate(words)
            for name in self.by_first.get(word, ())
        )


def words_of(text: str) -> Words:
    return tuple(search_key(text).split())


def fields_with(
    names: Names, typed: Iterable[tuple[str, str]], own: Iterable[str]
) -> Iterator[str]:
    """The fields of a grant whose text names somebody who did not agree."""
    own = list(own)
    for field, text in typed:
        if names.stand_in(text, own):
            yield field
