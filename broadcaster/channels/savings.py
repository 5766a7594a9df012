"""What another wording of an SMS would save, found by measuring that wording; pure.

A text is given in pieces: what all readers have and what one of them has, by turns. Advice is about
the former alone, because nobody changes a customer's name.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from broadcaster.channels import gsm7
from broadcaster.channels.sms import foreign, measure

#: A text in pieces, and how many people get it.
Pieces = tuple[str, ...]
Texts = Mapping[Pieces, int]

#: How many measurements are made at most for one locale; a measurement takes some microseconds.
_MOST_WORK = 20_000
#: How many different characters are looked at, and how many characters a text may be too long.
_MOST_ITEMS, _MOST_OVER = 20, 20
#: A shortening is named when it saves this part of all that so many characters could.
_NEARLY = 0.9


@dataclass(frozen=True, kw_only=True, slots=True)
class Saving:
    """What a change saves, in segments over all messages that were `looked` at.

    `what` is `replace` (characters that the GSM 7 bit alphabet has not; `instead` says by what,
    empty: leave it out), `replace_all` (all of them together), `shorten` (by `count` characters) or
    `names` (were all names in the alphabet, or left out). `count` is else how often it stands in
    the text.
    """

    what: str
    characters: tuple[str, ...]
    instead: tuple[str, ...]
    count: int
    saved: int


def savings(texts: Texts) -> tuple[Sequence[Saving], int]:
    """List what saves something in the texts of one locale, most first; how many were looked at.

    Where there are too many texts, those that most people get are looked at: then each figure is
    what is saved at least.
    """
    items = _items(texts)
    some = max(1, _MOST_WORK // (len(items) + _MOST_OVER + 3))
    looked = dict(sorted(texts.items(), key=lambda pair: -pair[1])[:some])
    now = {pieces: _segments(pieces) for pieces in looked}

    def saved(change: Callable[[Pieces], Pieces]) -> int:
        return sum(
            count * max(0, now[pieces] - _segments(change(pieces)))
            for pieces, count in looked.items()
        )

    found = [*_replacing(items, saved), *_shortening(saved)]
    names = saved(_named)
    if names:
        found.append(Saving(what="names", characters=(), instead=(), count=0, saved=names))
    return sorted(found, key=lambda one: -one.saved), sum(looked.values())


def _items(texts: Texts) -> Counter[str]:
    """Count the foreign characters of the wording that have a replacement."""
    found: Counter[str] = Counter()
    for pieces in {text[::2] for text in texts}:
        mine = Counter(item for piece in pieces for _, item in foreign(piece))
        found |= mine
    fit = {item: count for item, count in found.items() if gsm7.instead(item) is not None}
    return Counter(dict(Counter(fit).most_common(_MOST_ITEMS)))


def _replacing(
    items: Counter[str], saved: Callable[[Callable[[Pieces], Pieces]], int]
) -> Sequence[Saving]:
    found = []
    # The longest first, so that a letter with its accent is replaced before a bare accent.
    order = sorted(items, key=lambda item: (-len(item), item))
    for some in [*([item] for item in order), *([order] if len(order) > 1 else [])]:
        pairs = [(item, gsm7.instead(item) or "") for item in some]
        amount = saved(lambda pieces, pairs=pairs: _replaced(pieces, pairs))  # type: ignore[misc]  # (bound at once)
        if amount:
            found.append(
                Saving(
                    what="replace" if len(some) == 1 else "replace_all",
                    characters=tuple(item for item, _ in pairs),
                    instead=tuple(new for _, new in pairs),
                    count=sum(items[item] for item in some),
                    saved=amount,
                )
            )
    return found


def _replaced(pieces: Pieces, pairs: Sequence[tuple[str, str]]) -> Pieces:
    changed = list(pieces)
    for place in range(0, len(pieces), 2):
        for item, new in pairs:
            changed[place] = changed[place].replace(item, new)
    return tuple(changed)


def _shortening(saved: Callable[[Callable[[Pieces], Pieces]], int]) -> Sequence[Saving]:
    """Find the fewest characters that save nearly all that twenty would."""
    amounts = [
        saved(lambda pieces, less=less: _shortened(pieces, less))  # type: ignore[misc]  # (bound at once)
        for less in range(1, _MOST_OVER + 1)
    ]
    most = max(amounts)
    if not most:
        return []
    less = next(n for n, amount in enumerate(amounts, 1) if amount >= _NEARLY * most)
    amount = amounts[less - 1]
    return [Saving(what="shorten", characters=(), instead=(), count=less, saved=amount)]


def _shortened(pieces: Pieces, less: int) -> Pieces:
    """Take characters from the end of the longest piece of the wording."""
    place = max(range(0, len(pieces), 2), key=lambda one: len(pieces[one]))
    return (*pieces[:place], pieces[place][:-less], *pieces[place + 1 :])


def _named(pieces: Pieces) -> Pieces:
    """Have plain letters in the place of what readers bring along."""
    return tuple(
        gsm7.FOREIGN.sub("a", piece) if place % 2 else piece for place, piece in enumerate(pieces)
    )


def _segments(pieces: Pieces) -> int:
    return measure("".join(pieces)).segments
