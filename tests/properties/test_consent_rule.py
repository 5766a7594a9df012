"""Who may be told: properties of the pure rule, and its table in the decision record."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.consent import (
    ENDS,
    Basis,
    ConsentRecord,
    Ground,
    Scope,
    Source,
    decide,
    ground_of,
    learned,
    reached,
    yields,
)
from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel, MessageClass
from tests.builders import NOON

SAFETY, SERVICE, PROMOTIONAL = (
    MessageClass.SAFETY,
    MessageClass.SERVICE,
    MessageClass.PROMOTIONAL,
)
DECISION = Path(__file__).parent.parent.parent / "docs" / "decisions" / "0021-consent.md"

records = st.builds(
    ConsentRecord,
    customer=st.just(1),
    address=st.none(),
    channel=st.just(Channel.EMAIL),
    ground=st.sampled_from(Ground),
    classes=st.sets(st.sampled_from(MessageClass), min_size=1).map(lambda one: tuple(sorted(one))),
    granted=st.booleans(),
    source=st.sampled_from(Source),
    at=st.integers(0, 3).map(lambda days: NOON - timedelta(days=days)),
    proof=st.just("letter 12"),
    by=st.just("amina"),
)
histories = st.lists(records, max_size=6)
classes = st.sampled_from(MessageClass)


def said(
    *words: MessageClass,
    granted: bool = False,
    ground: Ground = Ground.WISH,
    source: Source = Source.OPERATOR,
    days: int = 0,
) -> ConsentRecord:
    """Build a word that was said so many days before noon."""
    return ConsentRecord(
        customer=1,
        address=None,
        channel=Channel.EMAIL,
        ground=ground,
        classes=words,
        granted=granted,
        source=source,
        at=NOON - timedelta(days=days),
        proof="letter 12",
        by="amina",
    )


@given(histories, histories, classes, st.randoms())
def test_the_order_in_which_words_are_learned_does_not_matter(
    own: list[ConsentRecord], there: list[ConsentRecord], class_: MessageClass, dice: st.DataObject
) -> None:
    """And to learn one twice changes nothing; every history has an answer that fits together."""
    before = decide(class_, own, there)
    again = [*own, *own[:2]]
    dice.shuffle(again)  # type: ignore[attr-defined]  # (a Random, by its strategy)
    after = decide(class_, again, there[::-1])
    assert (after.allowed, after.basis, after.reason) == (
        before.allowed,
        before.basis,
        before.reason,
    )
    assert before.allowed == (before.reason is None)
    assert before.allowed == (before.basis not in {Basis.REFUSED, Basis.NO_CONSENT})
    assert before.allowed or not before.passed


@given(histories, histories)
def test_safety_passes_every_refusal_that_does_not_name_it(
    own: list[ConsentRecord], there: list[ConsentRecord]
) -> None:
    """Whatever else was said."""
    milder = [[one for one in each if SAFETY not in one.classes] for each in (own, there)]
    assert decide(SAFETY, *milder).allowed


@given(histories, histories, classes)
def test_a_newer_refusal_forbids_and_nothing_on_another_ground_undoes_it(
    own: list[ConsentRecord], there: list[ConsentRecord], class_: MessageClass
) -> None:
    """At the customer or at the address."""
    for ground in Ground:
        refusal = said(class_, ground=ground, days=-1)
        others = [
            said(class_, granted=True, ground=one, days=-2) for one in Ground if one != ground
        ]
        assert not decide(class_, [*own, refusal, *others], there).allowed
        assert not decide(class_, own, [*there, refusal, *others]).allowed


@given(histories, histories)
def test_advertising_needs_the_customer_s_own_consent(
    own: list[ConsentRecord], there: list[ConsentRecord]
) -> None:
    """Newer than any refusal; an address alone can't consent."""
    verdict = decide(PROMOTIONAL, own, there)
    if verdict.allowed:
        (consent,) = verdict.records
        assert consent.granted
        refusals = [
            one
            for one in own
            if one.ground is Ground.WISH and not one.granted and PROMOTIONAL in one.classes
        ]
        assert all(one.at < consent.at for one in refusals)
    assert not decide(PROMOTIONAL, [], there).allowed


def test_of_one_moment_the_refusal_counts() -> None:
    """Whichever was written first."""
    both = [said(SERVICE), said(SERVICE, granted=True)]
    assert not decide(SERVICE, both, []).allowed
    assert not decide(SERVICE, both[::-1], []).allowed


def test_a_refusal_reaches_down_and_a_wish_no_further_than_it_says() -> None:
    """Who refuses what matters more refuses what matters less."""
    assert reached(Scope.SERVICE, granted=False, bars=False) == (SERVICE, PROMOTIONAL)
    assert set(reached(Scope.EVERYTHING, granted=False, bars=False)) == set(MessageClass)
    assert reached(Scope.SERVICE, granted=True, bars=False) == (SERVICE,)
    assert PROMOTIONAL not in reached(Scope.EVERYTHING, granted=True, bars=False)
    for scope in Scope:
        lifted = reached(scope, granted=True, bars=True)
        assert lifted == reached(scope, granted=False, bars=True)


def test_one_click_never_ends_what_protects_life() -> None:
    """Mail programs click without asking."""
    assert all(SAFETY not in ends for ends in ENDS.values())
    assert all(class_ in ends for class_, ends in ENDS.items() if class_ is not SAFETY)


def test_a_file_undoes_only_what_a_file_said_unless_it_is_newer() -> None:
    """By the date that it names."""
    own, filed = said(SERVICE, source=Source.PAGE), said(SERVICE, source=Source.IMPORT)
    assert yields(None, as_of=None)
    assert yields(filed, as_of=None)
    assert yields(said(SERVICE, granted=True, source=Source.PAGE), as_of=None)
    assert not yields(own, as_of=None)
    assert not yields(own, as_of=NOON)
    assert not yields(own, as_of=NOON - timedelta(days=1))
    assert yields(own, as_of=NOON + timedelta(days=1))


@pytest.mark.parametrize(
    "reason",
    [
        Reason.MAILBOX_FULL,
        Reason.UNREACHABLE,
        Reason.BLOCKED,
        Reason.RATE_LIMITED,
        Reason.PROVIDER_FAULT,
        Reason.CONFIGURATION,
        Reason.OTHER,
    ],
)
def test_what_passes_bars_nobody(reason: Reason) -> None:
    """Soft bounces, full mailboxes, and what is about us."""
    assert all(learned(reason, channel) is None for channel in Channel)


_ROW = re.compile(
    r"^\| `(\w+)` \| `(\w+)` \|.*\| (yes|no) \| (yes|no) \| (yes|no) \|", re.MULTILINE
)


def test_the_table_of_the_decision_is_what_the_rule_does() -> None:
    """Each row: a refusal from this source with this scope, and which classes still go out."""
    rows = _ROW.findall(DECISION.read_text("utf-8"))
    assert {(source, scope) for source, scope, *_ in rows} >= {
        (Source.STOP, Scope.EVERYTHING),
        (Source.BOUNCE, Scope.EVERYTHING),
        (Source.COMPLAINT, Scope.SERVICE),
    }
    assert {Source(source) for source, *_ in rows} == set(Source) - {Source.MADE, Source.EARLIER}
    consent = said(PROMOTIONAL, granted=True, days=9)
    for source, scope, *wanted in rows:
        ground = ground_of(Source(source))
        refusal = said(
            *reached(Scope(scope), granted=False, bars=True), ground=ground, source=Source(source)
        )
        for class_, word in zip((PROMOTIONAL, SERVICE, SAFETY), wanted, strict=True):
            assert decide(class_, [consent], [refusal]).allowed == (word == "yes"), (source, scope)


_LEARNED = re.compile(r"^\| ([^|]+) \| `(\w+)` \| `(\w+)` \| `(\w+|nothing)` \|", re.MULTILINE)


def test_the_table_of_what_networks_tell_is_what_is_learned() -> None:
    """Each row: our reason on a channel, and what it is recorded as."""
    rows = _LEARNED.findall(DECISION.read_text("utf-8"))
    told = {(Reason(reason), Channel(channel)): word for _, reason, channel, word in rows}
    for reason in Reason:
        for channel in Channel:
            found = learned(reason, channel)
            if found is not None:
                assert told[reason, channel] == found[0]
            else:
                assert told.get((reason, channel), "nothing") == "nothing"
