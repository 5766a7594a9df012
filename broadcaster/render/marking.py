"""The word that a message which follows another begins with: "Update:", "Correction:".

The kind's own parts put it before their text. What is worded for one campaign stands in the place
of that text, and would lose the word, or keep a former one that was taken over; so it is put before
the wording again, where the kind has it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from broadcaster.domain.advisory import MessageType
from broadcaster.render.phrasing import Phrased, literal

#: The types of messages that may have such a word.
FOLLOWING = (MessageType.UPDATE, MessageType.CORRECTION)

#: The word of each type, by block; without blocks it is that of the whole part, under "".
Marks = Mapping[str, Mapping[MessageType, str]]


def marks(said: Mapping[MessageType, Mapping[str, str]]) -> Marks:
    """Find what the blocks of a part begin with because the message follows another one.

    `said` has the blocks as the kind says them in an alert and in each type that follows one.
    """
    first = said[MessageType.ALERT]
    return {
        block: {
            type_: _before(said[type_].get(block, ""), text)
            for type_ in FOLLOWING
            if _before(said[type_].get(block, ""), text)
        }
        for block, text in first.items()
    }


def marked(wording: Phrased, blocks: Sequence[str], known: Marks, type_: MessageType) -> Phrased:
    """Put the word of a type before a wording, in the place of what stands there of such words.

    `blocks` are those that the part may have worded.
    """
    text = wording.text
    if not wording.blocks:
        return replace(wording, text=_set(text, known.get((*blocks, "")[0], {}), type_))
    for name in wording.blocks:
        opening = re.compile(rf"(\{{%-?\s*block\s+{name}\s*-?%\}})(\s*)")
        found = opening.search(text)
        if found and known.get(name):
            after = _set(text[found.end() :], known[name], type_)
            text = f"{text[: found.end()]}{after}"
    return replace(wording, text=text)


def _before(text: str, end: str) -> str:
    """Give what a text has before its end; nothing where it ends otherwise."""
    whole, rest = text.strip(), end.strip()
    return whole.removesuffix(rest) if rest and whole.endswith(rest) else ""


def _set(text: str, words: Mapping[MessageType, str], type_: MessageType) -> str:
    word = words.get(type_, "")
    if not word:
        return text
    # Whatever space stands in it: French has one that does not break, which an SMS has not.
    former = "|".join(r"\s+".join(map(re.escape, one.split())) for one in words.values())
    return literal(word) + re.sub(rf"\A\s*(?:(?:{former})\s*)*", "", text)
