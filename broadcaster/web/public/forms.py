"""Reading what a customer's form says; pure."""

from collections.abc import Mapping, Sequence

from broadcaster.domain.message import DELIVERY_CHANNELS, Channel, MessageClass
from broadcaster.domain.own_hours import BEGINS, ENDS, OwnHours
from broadcaster.ledger.preferences import Preferences

#: The box that also ends what protects life.
_NOTHING = "nothing"
_HOUR = 60


class Fields(dict[str, list[str]]):
    """The fields of a form, each with its values in order."""

    def text(self, name: str) -> str:
        """Give the first value; empty when there is none."""
        return self.get(name, [""])[0]

    def every(self, name: str) -> list[str]:
        """Give all values."""
        return self.get(name, [])


def wanted(fields: Mapping[str, Sequence[str]]) -> Mapping[Channel, frozenset[MessageClass]]:
    """Read the channels that a form showed, and what is ticked on each; empty for no such form."""
    known = {channel.value: channel for channel in DELIVERY_CHANNELS}
    shown = [known[name] for name in fields.get("shown", []) if name in known]
    return {channel: _chosen(fields.get(channel.value, [])) for channel in shown}


def _chosen(ticked: Sequence[str]) -> frozenset[MessageClass]:
    if _NOTHING in ticked:
        return frozenset()
    choices = {one for one in MessageClass if one.value in ticked}
    return frozenset({*choices, MessageClass.SAFETY})


def rows(found: Preferences) -> list[dict[str, object]]:
    """Give what a page shows of each channel."""
    return [
        {
            "channel": channel,
            "service": MessageClass.SERVICE in classes,
            "promotional": MessageClass.PROMOTIONAL in classes,
            "nothing": MessageClass.SAFETY not in classes,
            "may_agree": channel is found.channel or MessageClass.PROMOTIONAL in classes,
            "blocked": channel in found.blocked,
        }
        for channel, classes in found.wanted.items()
    ]


def hours(fields: Fields) -> OwnHours | None:
    """Read hours of one's own from two choices; None for none."""
    start, end = fields.text("quiet_from"), fields.text("quiet_until")
    begins = {str(one): one for one in BEGINS}
    ends = {str(one): one for one in ENDS}
    if start not in begins or end not in ends:
        return None
    return OwnHours(start=begins[start] * _HOUR, end=ends[end] * _HOUR)


def languages(
    fields: Fields, held: Sequence[str], offered: Sequence[Sequence[str]]
) -> list[str] | None:
    """Read the first and the second language; what else is held stays behind them.

    `offered` are, for each language, the tag that stands for it in the form and the tags held that
    mean the same. None for no choice of ours.
    """
    same = {one[0]: set(one) for one in offered}
    given = [one for one in (fields.text("first"), fields.text("second")) if one in same]
    if not given:
        return None
    chosen = list(dict.fromkeys(given))
    # A second language that was taken away is not kept as a third.
    shown = set().union(*(same[one] for one in same))
    return [*chosen, *(one for one in held if one not in shown and one not in chosen)]
