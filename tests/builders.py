"""Builders of domain values: whole, valid, and changed by name where a test cares."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from broadcaster.domain.access import Operator, Role, allowed
from broadcaster.domain.advisory import Advisory, Certainty, Severity, Urgency
from broadcaster.domain.campaign import Campaign, CampaignStatus, ChannelPlan
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Receipt
from broadcaster.domain.message import (
    Address,
    Channel,
    Lane,
    MessageClass,
    Scheme,
    SmsContent,
)
from broadcaster.ports import MailHeaders, Message, Pending, Recorded, Submission

#: The moment at which tests happen unless they say otherwise.
NOON = datetime(2020, 3, 20, 12, tzinfo=UTC)


def advisory(**changes: Any) -> Advisory:  # noqa: ANN401  (any field of the value)
    """Build an advisory that is valid from an hour before noon until a day after it."""
    plain = Advisory(
        id=1,
        kind="remote_services",
        version=1,
        facts={},
        message_class=MessageClass.SERVICE,
        severity=Severity.MINOR,
        urgency=Urgency.EXPECTED,
        certainty=Certainty.OBSERVED,
        effective=NOON - timedelta(hours=1),
        expires=NOON + timedelta(days=1),
    )
    return replace(plain, **changes)


def campaign(**changes: Any) -> Campaign:  # noqa: ANN401  (any field of the value)
    """Build a campaign that runs, by SMS, on the routine lane."""
    plain = Campaign(
        id=1,
        name="notice",
        advisory_id=1,
        segment="everybody",
        expression="true",
        channels=(Channel.SMS,),
        channel_plan=ChannelPlan.ALL,
        lane=Lane.ROUTINE,
        drill=True,
        status=CampaignStatus.RUNNING,
        approved_hash="hash",
        scheduled_at=None,
        created_by="amina",
        approved_by="youssef",
    )
    return replace(plain, **changes)


def address(scheme: Scheme = Scheme.TEL, number: int = 1) -> Address:
    """Build the address of that scheme for a customer's number; all different, none real."""
    values = {
        Scheme.TEL: f"+21261{number:07d}",
        Scheme.MAILTO: f"customer{number}@example.test",
        Scheme.WEBPUSH: f"https://push.example.test/{number}",
        Scheme.FCM: f"token-{number}",
    }
    keys = {"p256dh": "key", "auth": "secret"} if scheme is Scheme.WEBPUSH else {}
    return Address(scheme=scheme, value=values[scheme], keys=keys)


def customer(number: int = 1, **changes: Any) -> CustomerRecord:  # noqa: ANN401  (any field)
    """Build a customer with a telephone and a mailbox, who reads French."""
    plain = CustomerRecord(
        number=f"C{number:06d}",
        name="أمينة",
        name_latin="Amina",
        locales=("fr",),
        time_zone="Africa/Casablanca",
        attributes={},
        addresses=(address(Scheme.TEL, number), address(Scheme.MAILTO, number)),
        broken=(),
        opted_out=(),
        consented=(),
    )
    return replace(plain, **changes)


def pending(number: int = 1, **changes: Any) -> Pending:  # noqa: ANN401  (any field of the value)
    """Build a delivery by SMS that waits for its first attempt."""
    plain = Pending(
        delivery=DeliveryId(1, number),
        attempt=1,
        address=address(Scheme.TEL, number),
        locale="fr",
        customer_number=f"C{number:06d}",
        name="Amina",
    )
    return replace(plain, **changes)


def message(number: int = 1, **changes: Any) -> Message:  # noqa: ANN401  (any field of the value)
    """Build an SMS of one segment, ready to be handed over."""
    plain = Message(
        delivery=DeliveryId(1, number),
        attempt=1,
        address=address(Scheme.TEL, number),
        locale="fr",
        content=SmsContent(body="Bonjour"),
        units=1,
        lane=Lane.ROUTINE,
        message_class=MessageClass.SERVICE,
        expires=NOON + timedelta(days=1),
        unsubscribe_url=f"https://broadcaster.test/unsubscribe/{number}",
        confirm_url=f"https://broadcaster.test/confirm/{number}",
        collapse_key="advisory-1",
    )
    return replace(plain, **changes)


def mail_headers(**changes: Any) -> MailHeaders:  # noqa: ANN401  (any field of the value)
    """Build the headers of a mail to a customer, with a link to unsubscribe, unsigned."""
    plain = MailHeaders(
        sender="advisories@lydec.test",
        sender_name="ليدك",
        recipient="customer1@example.test",
        message_id="1-7.0123456789abcdef@bounces.lydec.test",
        date=NOON,
        locale="ar_MA",
        unsubscribe_url="https://broadcaster.test/unsubscribe/1-7.token",
    )
    return replace(plain, **changes)


def submission(
    delivery: DeliveryId,
    event: DeliveryEvent = DeliveryEvent.ACCEPT,
    **changes: Any,  # noqa: ANN401  (any field of the value)
) -> Submission:
    """Build what came of a first attempt."""
    return replace(Submission(delivery=delivery, attempt=1, event=event), **changes)


def recorded(given: Submission, **changes: Any) -> Recorded:  # noqa: ANN401  (any field)
    """Build a submission as the ledger keeps it; deferred ones are due in a minute."""
    due = NOON + timedelta(minutes=1) if given.event is DeliveryEvent.DEFER else None
    return replace(Recorded(submission=given, provider="sandbox", units=1, due=due), **changes)


def receipt(
    delivery: DeliveryId | None,
    event: DeliveryEvent | None = DeliveryEvent.DELIVER,
    **changes: Any,  # noqa: ANN401  (any field of the value)
) -> Receipt:
    """Build feedback of the sandbox, the same news for the same delivery and event."""
    plain = Receipt(
        provider="sandbox",
        dedupe=f"{delivery}-{event}",
        delivery=delivery,
        reference=None,
        event=event,
    )
    return replace(plain, **changes)


def operator(*roles: Role, **changes: Any) -> Operator:  # noqa: ANN401  (any field of the value)
    """Build an operator with these roles, and what they allow."""
    plain = Operator(id=1, name="Salma", roles=frozenset(roles), actions=allowed(roles))
    return replace(plain, **changes)
