"""Numbers, mailboxes and addresses that were written into a wording by hand, not by their fact."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from broadcaster.domain.advisory import FactValue
from broadcaster.domain.saying import said
from broadcaster.render import bidi
from broadcaster.render.environment import bare
from broadcaster.render.facts import Fact
from broadcaster.render.facttypes import FactType
from broadcaster.render.suspicion import MAILBOX
from broadcaster.render.wording import Fault

#: Dates in figures and spans of years, which are no numbers to call.
_DATES = re.compile(
    r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}"
    r"|(?:19|20)\d\d ?[-–] ?(?:19|20)\d\d)"
    r"(?!\d)"
)
_NUMBER = re.compile(r"\+?\(?\d(?:[ ./()\u00a0\u202f-]{0,2}\d){5,}")
_ADDRESS = re.compile(r"(?:https://)?(?:[\w-]+\.)+[a-zA-Z]{2,}(?:/[^\s<>\"'،؛]*)?")
#: What is called has so many digits, at least and at most, and begins with + or 0.
_CALLED, _MOST = 8, 15


class Written(NamedTuple):
    """What was found, and whether it is one that nobody vouches for."""

    fault: Fault
    blocks: bool


def by_hand(
    text: str, facts: Mapping[str, Fact], values: Mapping[str, FactValue]
) -> Iterator[Written]:
    """Find what should be a fact of the advisory, or is none.

    A phone number or a mailbox that is no contact blocks; one that is, and another long number,
    such as that of an account, is to be known.
    """
    plain = bidi.strip(text)
    mailboxes = _of(facts, values, FactType.EMAIL)
    for match in MAILBOX.finditer(plain):
        name = mailboxes.get(match.group().lower())
        yield _known(match.group(), name) if name else _unknown(said("mailbox"), match.group())
    rest = MAILBOX.sub(" ", plain)
    addresses = _of(facts, values, FactType.URL)
    for match in _ADDRESS.finditer(rest):
        name = addresses.get(bare(match.group().rstrip(".,;:!?")).lower())
        if name:
            yield _known(match.group(), name)
    phones = _of(facts, values, FactType.PHONE)
    for match in _NUMBER.finditer(_DATES.sub(" ", _ADDRESS.sub(" ", rest))):
        found = match.group()
        digits = _digits(found)
        name = phones.get(digits.lstrip("0"))
        if name:
            yield _known(found, name)
        elif _CALLED <= len(digits) <= _MOST and (digits[0] == "0" or "+" in found):
            yield _unknown(said("phone number"), found)
        else:
            problem = said("has the number %(found)s written by hand", found=repr(found))
            yield Written(
                Fault(problem, said("See that it is right: no fact has it.")), blocks=False
            )


def _of(
    facts: Mapping[str, Fact], values: Mapping[str, FactValue], type_: FactType
) -> Mapping[str, str]:
    """Give the names of facts of a type by each way in which their value may be written."""
    found: dict[str, str] = {}
    for name, fact in facts.items():
        value = values.get(name)
        if fact.type is not type_ or value is None:
            continue
        if isinstance(value, dict):
            found |= {_digits(one).lstrip("0"): name for one in value.values()}
        else:
            found[bare(str(value)).lower()] = name
    return found


def _digits(text: str) -> str:
    return "".join(str(int(one)) for one in text if one.isdecimal())


def _known(text: str, name: str) -> Written:
    problem = said(
        "has %(text)s written by hand, which is facts.%(name)s", text=repr(text), name=name
    )
    return Written(
        Fault(problem, said("Write {{ facts.%(name)s }}: it is linked then.", name=name)),
        blocks=False,
    )


def _unknown(what: str, text: str) -> Written:
    problem = said(
        "has the %(what)s %(text)s written by hand, which is no contact of the advisory",
        what=what,
        text=repr(text),
    )
    return Written(
        Fault(problem, said("Take it out, or make it a fact and write that.")), blocks=True
    )
