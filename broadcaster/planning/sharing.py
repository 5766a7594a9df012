"""Of those who could be told, who is told for others: at one address, or under one roof."""

from collections.abc import Sequence
from typing import LiteralString

from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import Channel
from broadcaster.planning.fair import Fair
from broadcaster.planning.naming import each, named

# Of those of a household who may be told at all, one is: first whoever depends on electricity.
_HOUSED: LiteralString = """
), housed AS MATERIALIZED (
    SELECT customer_id FROM (
        SELECT customer_id, row_number() OVER (
            PARTITION BY household ORDER BY depends IS NOT TRUE, customer_id) AS place
        FROM judged WHERE household IS NOT NULL AND (false{reachable})) AS member
    WHERE place > 1
"""
_REACHABLE: LiteralString = " OR {c}_reason IS NULL"
_UNHOUSED: LiteralString = " LEFT JOIN housed ON housed.customer_id = judged.customer_id"
_NOT_HOUSED: LiteralString = " AND housed.customer_id IS NULL"

# Where each customer would be told who shares an address there, did nobody else share it.
_EDGES: LiteralString = """
), edge AS MATERIALIZED (
    SELECT NULL::bigint AS customer_id, NULL::bigint AS address_id WHERE false
"""
_EDGE: LiteralString = """
    UNION ALL SELECT customer_id, {c}_address FROM judged
    WHERE {c}_shared AND {c}_reason IS NULL{effective}
"""
_EARLIER_OUT: LiteralString = " AND {c}_reason IS NOT NULL"
_EARLIER_TOLD: LiteralString = " + ({c}_reason IS NULL)::integer"

# Whoever comes first at each of their addresses is told, and who shares one of those is left out.
# Both are put aside, and the same is asked of the others: nobody is left out for somebody who is
# left out. Each round shortens a chain at one end at least; whom all rounds leave over, in long
# chains alone, is told like anybody else.
_ROUND: LiteralString = """
), asked_<n> AS MATERIALIZED (
    SELECT customer_id, address_id, min(customer_id) OVER (PARTITION BY address_id) AS keeper
    FROM <from>
), kept_<n> AS MATERIALIZED (
    SELECT customer_id FROM asked_<n> GROUP BY customer_id HAVING bool_and(keeper = customer_id)
), spared_<n> AS MATERIALIZED (
    SELECT DISTINCT asked_<n>.customer_id
    FROM asked_<n> JOIN kept_<n> ON kept_<n>.customer_id = asked_<n>.keeper
    WHERE asked_<n>.customer_id <> asked_<n>.keeper
"""
_OTHERS: LiteralString = """asked_<n>
    WHERE customer_id NOT IN (SELECT customer_id FROM kept_<n>)
      AND customer_id NOT IN (SELECT customer_id FROM spared_<n>)"""
_ROUNDS: tuple[LiteralString, ...] = ("1", "2", "3", "4")
_SPARED: LiteralString = """
), spared AS MATERIALIZED (
    SELECT NULL::bigint AS customer_id WHERE false
"""
_MORE_SPARED: LiteralString = "    UNION ALL SELECT customer_id FROM spared_<n>\n"
_UNSPARED: LiteralString = " LEFT JOIN spared ON spared.customer_id = judged.customer_id"
_NOT_SPARED: LiteralString = " AND spared.customer_id IS NULL"

# Of those who may be told at an address, the one with the lowest id is.
_DOUBLED: LiteralString = """
), {c}_doubled AS MATERIALIZED (
    SELECT customer_id FROM (
        SELECT judged.customer_id, min(judged.customer_id) OVER (PARTITION BY {c}_address) AS keeper
        FROM judged{joined} WHERE {c}_shared AND {c}_reason IS NULL{untold}) AS sharer
    WHERE customer_id <> keeper
"""
_UNTOLD: LiteralString = " AND ({c}_reason IS NOT NULL OR {c}_doubled.customer_id IS NOT NULL)"
_UNDOUBLED: LiteralString = " LEFT JOIN {c}_doubled ON {c}_doubled.customer_id = judged.customer_id"

_CHOSEN: LiteralString = """
    , {c}_address, CASE WHEN {doubled} THEN 'duplicate_address'::reason{when}
                        ELSE {c}_reason END AS {c}_reason
"""
_WHEN_HOUSED: LiteralString = """
                        WHEN {c}_reason IS NULL AND housed.customer_id IS NOT NULL
                            THEN 'household'::reason"""


class Sharing:
    """The parts of the query of candidates that say who is told for others.

    Each of them follows a table `judged` with an address and a reason for each channel. With
    `one_each` a customer is told on the first of the channels that has no reason.
    """

    def __init__(
        self, channels: Sequence[Channel], given: Fair, *, one_each: bool, alone: bool = False
    ) -> None:
        """Look at what is asked for; who is `alone` shares no address with anybody."""
        self._doubled: LiteralString = "false" if alone else "{c}_doubled.customer_id IS NOT NULL"
        self._channels = channels
        self._homes = given.one_per is OnePer.HOUSEHOLD
        self._by_address = given.one_per is OnePer.ADDRESS
        self._one_each = one_each
        #: Whether a cap over all channels may leave fewer places than there are channels.
        self.limited = (
            not one_each and len(channels) > 1 and any(cap.channel is None for cap in given.caps)
        )

    def tables(self) -> LiteralString:
        """Give the tables of those who are not told because others are."""
        text: LiteralString = ""
        if self._homes:
            text = _HOUSED.replace("{reachable}", each(_REACHABLE, self._channels))
        if self._by_address:
            text = self._spared()
        for place, channel in enumerate(self._channels):
            earlier = self._channels[:place]
            joined = each(_UNDOUBLED, earlier if self._one_each or self.limited else ())
            untold = each(_UNTOLD, earlier if self._one_each else ())
            if self._homes:
                joined, untold = joined + _UNHOUSED, untold + _NOT_HOUSED
            if self._by_address:
                joined, untold = joined + _UNSPARED, untold + _NOT_SPARED
            if self.limited and place:
                untold += " AND NOT " + self._full(place)
            own = _DOUBLED.replace("{joined}", joined).replace("{untold}", untold)
            text += named(own, channel)
        return text

    def columns(self) -> LiteralString:
        """Give each channel's address and final reason."""
        text: LiteralString = ""
        for place, channel in enumerate(self._channels):
            doubled = self._doubled
            if self._by_address:
                doubled += " OR ({c}_reason IS NULL AND spared.customer_id IS NOT NULL)"
            when: LiteralString = _WHEN_HOUSED if self._homes else ""
            if self.limited and place:
                full = self._full(place)
                when += " WHEN {c}_reason IS NULL AND " + full + " THEN 'capped'::reason"
            text += named(_CHOSEN.replace("{doubled}", doubled).replace("{when}", when), channel)
        return text

    def joins(self) -> LiteralString:
        """Give the joins that `columns` needs."""
        text = each(_UNDOUBLED, self._channels) + (_UNHOUSED if self._homes else "")
        return text + (_UNSPARED if self._by_address else "")

    def _spared(self) -> LiteralString:
        """Give the table of those who are told nothing, because an address of theirs is told."""
        text = _EDGES
        for place, channel in enumerate(self._channels):
            earlier = self._channels[:place]
            effective = each(_EARLIER_OUT, earlier) if self._one_each else ""
            if self.limited:
                effective = " AND COALESCE(places > 0" + each(_EARLIER_TOLD, earlier) + ", true)"
            text += named(_EDGE.replace("{effective}", effective), channel)
        source: LiteralString = "edge"
        spared = _SPARED
        for number in _ROUNDS:
            text += _ROUND.replace("<from>", source).replace("<n>", number)
            source = _OTHERS.replace("<n>", number)
            spared += _MORE_SPARED.replace("<n>", number)
        return text + spared

    def _full(self, place: int) -> LiteralString:
        """Say that the channels before this one take all places that caps leave."""
        told: LiteralString = "0"
        for earlier in range(place):
            out = named("{c}_reason IS NOT NULL OR " + self._doubled, self._channels[earlier])
            if earlier:
                out += " OR " + self._full(earlier)
            told += " + (NOT (" + out + "))::integer"
        return "COALESCE(places <= " + told + ", false)"
