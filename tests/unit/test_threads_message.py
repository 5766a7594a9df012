"""What a message of a thread carries: the key that all share, the mails before, and its end."""

from datetime import timedelta

from broadcaster.dispatch.drafting import Drafting, collapse_key
from broadcaster.dispatch.links import Links
from broadcaster.domain.advisory import MessageType
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import SmsSize
from tests.builders import NOON, advisory, campaign, pending
from tests.fakes import FakeRenderer

_DRAFTING = Drafting(
    renderer=FakeRenderer(),
    links=Links(public_url="https://b.test", key=b"k" * 32),
    measure=lambda _: SmsSize(encoding="GSM-7", units=10, segments=1),
)


def test_all_messages_of_a_thread_share_a_key_and_no_other_does() -> None:
    """So that the later one takes the former one's place on a phone."""
    alert = advisory(id=7)
    later = [advisory(id=9, message_type=one, thread=7, follows=8) for one in MessageType]
    assert {collapse_key(one) for one in (alert, *later)} == {"advisory-7"}
    assert collapse_key(advisory(id=8)) != collapse_key(alert)


def test_a_message_ends_when_it_is_not_true_any_more() -> None:
    """Networks are told so, and keep it no longer; an end that comes before counts."""
    lapses, end = NOON + timedelta(hours=1), advisory().expires
    for found, until in (
        (advisory(lapses=lapses), lapses),
        (advisory(lapses=end + timedelta(hours=1)), end),
        (advisory(), end),
    ):
        message = _DRAFTING.draft(pending(), campaign(), found)
        assert message is not None
        assert message.expires == until


def test_a_message_knows_those_that_it_follows() -> None:
    """As the ledger named them."""
    former = (DeliveryId(1, 5), DeliveryId(2, 3))
    message = _DRAFTING.draft(pending(former=former), campaign(), advisory())
    assert message is not None
    assert message.former == former
