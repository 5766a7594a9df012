"""Asking Twilio what became of a message: the right one, or none."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Receipt
from broadcaster.errors import UnavailableError
from broadcaster.ports import Question
from broadcaster.providers import twilio
from tests import builders
from tests.builders import NOON
from tests.networks import Handler, HttpNetwork, context, cuts, options, replies, unused_port

_E = DeliveryEvent
_ACCOUNT = "AC" + "0" * 31 + "1"
_SID = "SM" + "0" * 31 + "1"
_LIST = f"/2010-04-01/Accounts/{_ACCOUNT}/Messages.json"
_HASH = hashlib.sha256(b"Bonjour").hexdigest()


def _provider(url: str, **changes: object) -> twilio.TwilioProvider:
    values = {
        "ACCOUNT_SID": _ACCOUNT,
        "AUTH_TOKEN": "12345",
        "SENDER": "LYDEC",
        "BASE_URL": url,
        "TIMEOUT": 10,
        **changes,
    }
    return twilio.build(options("twilio", **values), context())


def _record(
    number: int = 1, seconds: float = 1, sender: str = "LYDEC", **changes: object
) -> dict[str, object]:
    """Make a message of the list, created so many seconds after noon."""
    return {
        "sid": f"SM{number:032}",
        "status": "delivered",
        "error_code": None,
        "body": "Bonjour",
        "from": sender,
        "to": "+212610000001",
        "messaging_service_sid": None,
        "date_created": format_datetime(NOON + timedelta(seconds=seconds)),
        **changes,
    }


def _page(*records: Mapping[str, object], more: str | None = None) -> Handler:
    return replies(200, {"messages": list(records), "next_page_uri": more})


def _find(
    answer: Handler,
    reference: str | None = None,
    body_sha256: str | None = _HASH,
    **changes: object,
) -> tuple[list[Receipt], HttpNetwork]:
    async def scenario() -> tuple[list[Receipt], HttpNetwork]:
        async with HttpNetwork(answer) as network:
            provider = _provider(network.url, **changes)
            question = Question(
                delivery=DeliveryId(1, 1),
                address=builders.address(),
                reference=reference,
                since=NOON,
                body_sha256=body_sha256,
            )
            try:
                return list(await provider.find(question)), network
            finally:
                await provider.aclose()

    return asyncio.run(scenario())


def _found(*records: Mapping[str, object]) -> int | None:
    """Give the number of the record that is taken for ours."""
    receipts, _ = _find(_page(*records))
    assert len(receipts) <= 1
    return int(str(receipts[0].reference)[2:]) if receipts else None


def test_found_by_reference() -> None:
    """With a reference, the message itself is fetched."""
    (receipt,), network = _find(replies(200, _record()), reference=_SID)
    assert network.calls[0].path.endswith(f"/Messages/{_SID}.json")
    assert (receipt.event, receipt.delivery) == (_E.DELIVER, DeliveryId(1, 1))


def test_found_by_text_and_sender() -> None:
    """Without a reference, the same text from the same sender since then is our message."""
    others = [_record(2, body="Autre"), _record(3, sender="OTHER")]
    receipts, network = _find(_page(*others, _record(1, status="sent"), _record(4, -3600)))
    assert network.calls[0].query == {"To": "+212610000001", "PageSize": "100"}
    assert [(one.reference, one.event) for one in receipts] == [(_SID, _E.ACCEPT)]


def test_found_by_service() -> None:
    """Where a messaging service sends, its name decides, not the number that it chose."""
    service = "MG" + "a" * 32
    ours = _record(1, messaging_service_sid=service, sender="+212522000000")
    answer = _page(_record(2, messaging_service_sid="MG" + "b" * 32), ours)
    receipts, _ = _find(answer, MESSAGING_SERVICE_SID=service)
    assert [one.reference for one in receipts] == [_SID]


@pytest.mark.parametrize("seconds", [-4, 0, 1, 20, 24])
def test_time_of_ours(seconds: float) -> None:
    """What was created between our claim and the longest way there may be ours."""
    assert _found(_record(1, seconds)) == 1


@pytest.mark.parametrize("seconds", [-3600, -30, -6, 26, 60, 3600])
def test_time_of_others(seconds: float) -> None:
    """What was created before our claim, or long after it, belongs to another delivery."""
    assert _found(_record(1, seconds)) is None


def test_earlier_campaign_with_the_same_words() -> None:
    """A message that an earlier campaign sent is not ours, even when ours is not there."""
    assert _found(_record(1, 2), _record(2, -60)) == 1
    assert _found(_record(2, -60)) is None


def test_closest_to_our_claim() -> None:
    """Of several that may be ours, the one that was created closest to our claim is."""
    assert _found(_record(2, 20), _record(1, 1)) == 1
    assert _found(_record(1, 0), _record(2, -4.9)) is None


def test_two_that_can_not_be_told_apart() -> None:
    """Where two were created about as close to our claim, neither is taken."""
    assert _found(_record(2, 3), _record(1, 1)) is None
    assert _found(_record(2, 1), _record(1, 1)) is None


@pytest.mark.parametrize(("seconds", "number"), [(91, 1), (1, None), (-90, None)])
def test_their_clock_may_be_wrong(seconds: float, number: int | None) -> None:
    """What their clock is ahead of ours, as their answers say, is taken off their times."""
    page = {"messages": [_record(1, seconds)], "next_page_uri": None}
    answer = replies(200, page, {"Date": format_datetime(NOON + timedelta(seconds=90))})
    receipts, _ = _find(answer)
    assert [one.reference for one in receipts] == ([_SID] if number else [])


def test_creation_that_is_not_told() -> None:
    """A message of which the list does not say when it was made is not taken."""
    assert _found(_record(1, date_created=None)) is None


def test_search_is_bounded_and_then_says_nothing() -> None:
    """However many pages they offer, five are read; what is further might be closer, so: none."""
    receipts, network = _find(_page(_record(), more=f"{_LIST}?Page=1"))
    assert receipts == []
    assert len(network.calls) == 5


def test_older_pages_are_not_read() -> None:
    """The list is newest first: what is older than our claim ends the search."""
    receipts, network = _find(_page(_record(1, 1), _record(2, -60), more=f"{_LIST}?Page=1"))
    assert [one.reference for one in receipts] == [_SID]
    assert len(network.calls) == 1


def test_further_pages_are_read() -> None:
    """A match on a later page counts, and makes one on an earlier page less close."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if "Page" in request.query:
            return await _page(_record(1, 1))(request)
        return await _page(_record(2, 15), more=f"{_LIST}?Page=1&PageToken=x")(request)

    receipts, network = _find(answer)
    assert [one.reference for one in receipts] == [_SID]
    assert network.calls[1].query == {"Page": "1", "PageToken": "x"}


def test_page_of_another_host_is_not_asked() -> None:
    """A list that names its next page elsewhere does not get our credentials there."""

    async def scenario() -> None:
        elsewhere = f"http://127.0.0.1:{await unused_port()}{_LIST}"
        page = {
            "messages": [_record(2, body="Autre")],
            "meta": {"key": "messages", "next_page_url": elsewhere},
        }
        async with HttpNetwork(replies(200, page)) as network:
            provider = _provider(network.url)
            question = Question(
                delivery=DeliveryId(1, 1),
                address=builders.address(),
                reference=None,
                since=NOON,
                body_sha256=_HASH,
            )
            with pytest.raises(UnavailableError, match="ValueError"):
                await provider.find(question)
            await provider.aclose()

    asyncio.run(scenario())


def test_nothing_found() -> None:
    """A message that they do not know, or no text to know it by, is nothing found."""
    assert _find(replies(404, {"code": 20404}), reference=_SID)[0] == []
    assert _find(_page())[0] == []
    assert _find(replies(500), body_sha256=None)[0] == []


@pytest.mark.parametrize(
    "answer", [cuts, replies(500), replies(200, "<html>"), replies(429), replies(200, "[" * 99_999)]
)
def test_no_answer_is_not_nothing_found(answer: Handler) -> None:
    """When they cannot be asked, that is said, and not taken for an answer."""
    with pytest.raises(UnavailableError):
        _find(answer)
