"""The mail provider with relays that take mails by their length: many are open on a connection."""

import pytest

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.providers.smtp import SmtpProvider
from tests.relays import CHUNKS, Relay
from tests.smtp_scene import Log, mails, numbers, run

_E = DeliveryEvent


@pytest.mark.parametrize("per_connection", [1, 2, 500])
def test_what_is_taken_back_is_not_named_and_holds_nobody_up(per_connection: int) -> None:
    """Nothing is written of a mail that its watch keeps, and those behind it leave."""
    relay = Relay(offers=CHUNKS)
    log = Log(refuses=lambda message: message.delivery.number in {1, 4, 5, 10})

    async def work(sender: SmtpProvider) -> None:
        await sender.stream(mails(10), log)

    run(relay, work, CONNECTIONS=1, PER_CONNECTION=per_connection)
    assert log.events == dict.fromkeys((2, 3, 6, 7, 8, 9), _E.ACCEPT)
    assert sorted(numbers(relay.taken)) == [2, 3, 6, 7, 8, 9]
    assert relay.counts["MAIL"] == 6
    assert sorted(log.asked) == list(range(1, 11))
