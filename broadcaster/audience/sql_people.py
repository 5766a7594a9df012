"""Consent and past campaigns as SQL: each is one list of customers, made once and looked up.

The lists need memory: run these with a `work_mem` that a million ids fit into (128 MB), as
planning does; otherwise PostgreSQL looks through a list again for each customer.
"""

from typing import LiteralString

from broadcaster.audience.expression import Outcome
from broadcaster.audience.rule import ARRIVED, FAILED, UNASKED
from broadcaster.audience.sql_values import Values
from broadcaster.domain.message import Channel, MessageClass


def opted_out(values: Values, message_class: MessageClass, channel: Channel) -> LiteralString:
    """Select who refused a class on a channel."""
    return "(customer.id IN (" + _said(values, message_class, channel, granted=False) + "))"


def may_receive(values: Values, message_class: MessageClass, channel: Channel) -> LiteralString:
    """Select whom consent, an address and no suppression allow to tell."""
    unasked = message_class in UNASKED
    said = _said(values, message_class, channel, granted=not unasked)
    agreed = "customer.id " + ("NOT IN (" if unasked else "IN (") + said + ")"
    where = values.bind(channel.value) + "::channel"
    addressed: LiteralString = "SELECT customer_id FROM customer_address WHERE channel = "
    reached = "customer.id IN (" + addressed + where + ")"
    unbarred = "customer.id NOT IN (" + _barred(values, message_class, where) + ")"
    return "(" + agreed + " AND " + reached + " AND " + unbarred + ")"


def outcome(values: Values, what: Outcome, campaign: int) -> LiteralString:
    """Select those for whom a campaign ended so."""
    arrived = _deliveries(values, campaign, [one.value for one in ARRIVED])
    if what is Outcome.RECEIVED:
        return "(customer.id IN (" + arrived + "))"
    if what is Outcome.TARGETED:
        return "(customer.id IN (" + _deliveries(values, campaign, None) + "))"
    failed = [one.value for one in FAILED] if what is Outcome.FAILED else None
    some = _deliveries(values, campaign, failed)
    return "(customer.id IN (" + some + ") AND customer.id NOT IN (" + arrived + "))"


def _said(
    values: Values, message_class: MessageClass, channel: Channel, *, granted: bool
) -> LiteralString:
    text: LiteralString = "SELECT customer_id FROM consent WHERE "
    text += "" if granted else "NOT "
    text += "granted AND class = " + values.bind(message_class.value) + "::message_class"
    return text + " AND channel = " + values.bind(channel.value) + "::channel"


def _barred(values: Values, message_class: MessageClass, where: LiteralString) -> LiteralString:
    """List those whose preferred address must not be used for the class."""
    text: LiteralString = "SELECT own.customer_id FROM suppression "
    text += "JOIN customer_address AS own USING (address_id) WHERE suppression.class = "
    text += values.bind(message_class.value) + "::message_class AND own.channel = " + where
    text += " AND NOT EXISTS (SELECT FROM customer_address AS better"
    text += " WHERE better.customer_id = own.customer_id AND better.channel = own.channel"
    return text + " AND better.ordinal < own.ordinal)"


def _deliveries(values: Values, campaign: int, statuses: list[str] | None) -> LiteralString:
    text: LiteralString = "SELECT customer_id FROM delivery WHERE campaign_id = "
    text += values.bind(campaign) + "::integer"
    if statuses is not None:
        text += " AND status = ANY (" + values.bind(sorted(statuses)) + "::delivery_status[])"
    return text
