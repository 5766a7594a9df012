"""The transition table of deliveries."""

import itertools

import pytest

from broadcaster.domain.delivery import (
    FINAL,
    DeliveryEvent,
    DeliveryId,
    DeliveryStatus,
    Effect,
    transition,
)

PAIRS = list(itertools.product(DeliveryStatus, DeliveryEvent))


@pytest.mark.parametrize(("status", "event"), PAIRS)
def test_every_pair_of_status_and_event_has_an_outcome(
    status: DeliveryStatus, event: DeliveryEvent
) -> None:
    """The table is total."""
    outcome = transition(status, event)
    assert outcome.status in DeliveryStatus
    assert (outcome.effect is Effect.APPLIED) == (outcome.status is not status)


@pytest.mark.parametrize(("status", "event"), PAIRS)
def test_a_final_status_never_regresses_except_dead_by_command(
    status: DeliveryStatus, event: DeliveryEvent
) -> None:
    """Late, repeated and contradictory news leaves a final status as it is."""
    replay = status is DeliveryStatus.DEAD and event is DeliveryEvent.RESEND
    if status in FINAL and not replay:
        assert transition(status, event).status is status


def test_only_a_claim_leads_to_submitting() -> None:
    """Nothing can be in the air that was not claimed."""
    leading = {
        event
        for status, event in PAIRS
        if transition(status, event).status is DeliveryStatus.SUBMITTING
        and status is not DeliveryStatus.SUBMITTING
    }
    assert leading == {DeliveryEvent.CLAIM}


def test_what_is_in_doubt_can_not_be_claimed() -> None:
    """An in-doubt delivery leaves again only after somebody decided so."""
    assert transition(DeliveryStatus.UNKNOWN, DeliveryEvent.CLAIM).effect is Effect.IGNORED


def test_a_contradiction_of_a_final_status_is_told_apart_from_a_repeat() -> None:
    """Delivered after undelivered is a conflict; delivered twice is nothing new."""
    undelivered = transition(DeliveryStatus.UNDELIVERED, DeliveryEvent.DELIVER)
    assert undelivered.effect is Effect.CONFLICT
    delivered = transition(DeliveryStatus.DELIVERED, DeliveryEvent.DELIVER)
    assert delivered.effect is Effect.IGNORED


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "1-2-3", "a-1", "1-٣", "1-1234567890"])
def test_a_text_that_is_no_delivery_id_is_refused(text: str) -> None:
    """Ids come back from outside and are read strictly."""
    with pytest.raises(ValueError, match="not a delivery id"):
        DeliveryId.parse(text)


def test_a_delivery_id_survives_the_way_through_a_provider() -> None:
    """What is written is what is read."""
    assert DeliveryId.parse(str(DeliveryId(12, 345))) == DeliveryId(12, 345)
