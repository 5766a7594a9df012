"""Consent and past campaigns as SQL.

Each asks whether a row exists. PostgreSQL joins such a question, or makes one list of its rows and
looks customers up in it; for a million deliveries that wants a `work_mem` of 128 MB, as planning
has. Deliveries have no index by customer: it would make every sending dearer.
"""

from typing import LiteralString

from broadcaster.audience.expression import Outcome
from broadcaster.audience.rule import ARRIVED, FAILED, UNASKED
from broadcaster.audience.sql_values import AND, Values, bracketed
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import Channel, MessageClass


def opted_out(values: Values, message_class: MessageClass, channel: Channel) -> LiteralString:
    """Select who refused a class on a channel."""
    return _said(values, message_class, channel, granted=False)


def may_receive(values: Values, message_class: MessageClass, channel: Channel) -> LiteralString:
    """Select whom consent, an address and no suppression allow to tell."""
    unasked = message_class in UNASKED
    said = _said(values, message_class, channel, granted=not unasked)
    agreed = "NOT " + said if unasked else said
    ordered = "NOT " + _ordered(values, message_class, channel)
    return bracketed(AND, [agreed, ordered, _reached(values, message_class, channel)])


def outcome(values: Values, what: Outcome, campaign: int) -> LiteralString:
    """Select those for whom a campaign ended so."""
    arrived = _deliveries(values, campaign, [one.value for one in ARRIVED])
    if what is Outcome.RECEIVED:
        return arrived
    if what is Outcome.TARGETED:
        return _deliveries(values, campaign, None)
    # Of whom no delivery arrived, each is one that did not: a short list where most arrived.
    others = FAILED if what is Outcome.FAILED else frozenset(DeliveryStatus) - ARRIVED
    some = _deliveries(values, campaign, [one.value for one in others])
    return bracketed(AND, [some, "NOT " + arrived])


def _said(
    values: Values, message_class: MessageClass, channel: Channel, *, granted: bool
) -> LiteralString:
    text: LiteralString = "EXISTS (SELECT FROM consent WHERE consent.customer_id = customer.id"
    text += " AND consent.class = " + values.bind(message_class.value) + "::message_class"
    text += " AND consent.channel = " + values.bind(channel.value) + "::channel"
    return text + (" AND granted)" if granted else " AND NOT granted)")


def _ordered(values: Values, message_class: MessageClass, channel: Channel) -> LiteralString:
    """Select whom an order bars, whatever their address."""
    text: LiteralString = "EXISTS (SELECT FROM customer_suppression AS barred"
    text += " WHERE barred.customer_id = customer.id"
    text += " AND barred.class = " + values.bind(message_class.value) + "::message_class"
    return text + " AND barred.channel = " + values.bind(channel.value) + "::channel)"


def _reached(values: Values, message_class: MessageClass, channel: Channel) -> LiteralString:
    """Select who has an address, of which the preferred one may be used for the class."""
    where = values.bind(channel.value) + "::channel"
    text: LiteralString = "EXISTS (SELECT FROM customer_address AS own"
    text += " WHERE own.customer_id = customer.id AND own.channel = " + where
    # Nothing comes before 1, so the search is made for the few that are numbered higher.
    text += " AND (own.ordinal = 1 OR NOT EXISTS (SELECT FROM customer_address AS better"
    text += " WHERE better.customer_id = own.customer_id AND better.channel = own.channel"
    text += " AND better.ordinal < own.ordinal)) AND NOT EXISTS (SELECT FROM suppression"
    text += " WHERE suppression.address_id = own.address_id"
    return (
        text
        + " AND suppression.class = "
        + values.bind(message_class.value)
        + ("::message_class))")
    )


def _deliveries(values: Values, campaign: int, statuses: list[str] | None) -> LiteralString:
    text: LiteralString = "EXISTS (SELECT FROM delivery"
    text += " WHERE delivery.customer_id = customer.id AND delivery.campaign_id = "
    text += values.bind(campaign) + "::integer"
    if statuses is not None:
        text += " AND delivery.status = ANY (" + values.bind(sorted(statuses))
        text += "::delivery_status[])"
    return text + ")"
