"""The rules of fair use as they are written, and what is refused."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from broadcaster.domain.fairness import Course, Rules, passes
from broadcaster.domain.hours import is_quiet
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel, Lane, MessageClass
from broadcaster.domain.rulebook import read, written
from broadcaster.errors import InvalidInputError

NIGHT = {"from": "21:00", "to": "08:00"}
PLAIN: dict[str, Any] = {
    "quiet": [
        {"classes": ["service"], "channels": ["sms", "push"], **NIGHT},
        {"classes": ["promotional"], "from": "20:00", "to": "09:00"},
        {"classes": ["promotional"], "days": ["sun", "holiday"], "from": "00:00", "to": "24:00"},
    ],
    "holidays": ["2026-11-18"],
    "cap": [
        {"class": "service", "channel": "sms", "most": 3, "days": 7},
        {"class": "promotional", "most": 1, "days": 7},
    ],
}
CASABLANCA = ZoneInfo("Africa/Casablanca")


def test_rules_are_read_and_written_again() -> None:
    """What is shown can be set again, and is the same."""
    rules = read(PLAIN, 7)
    assert rules.version == 7
    assert read(written(rules), 7) == rules
    assert read({}) == Rules() == read(written(Rules()))
    assert read({"holidays": [date(2026, 11, 18)]}) == read({"holidays": ["2026-11-18"]})


def test_rules_hold_for_their_classes_channels_and_days() -> None:
    """A Wednesday that is a holiday, at noon and at night."""
    rules = read(PLAIN)
    noon, night = (datetime(2026, 11, 18, hour, tzinfo=UTC) for hour in (12, 22))

    def quiet(moment: datetime, class_: MessageClass, channel: Channel) -> bool:
        return is_quiet(moment, CASABLANCA, rules.hours(class_, channel))

    assert quiet(noon, MessageClass.PROMOTIONAL, Channel.EMAIL)
    assert not quiet(noon, MessageClass.SERVICE, Channel.SMS)
    assert quiet(night, MessageClass.SERVICE, Channel.SMS)
    assert not quiet(night, MessageClass.SERVICE, Channel.EMAIL)
    assert not quiet(night, MessageClass.SAFETY, Channel.SMS)
    assert [cap.most for cap in rules.caps_on(MessageClass.SERVICE, [Channel.SMS])] == [3]
    assert rules.caps_on(MessageClass.SERVICE, [Channel.EMAIL]) == ()
    assert [cap.most for cap in rules.caps_on(MessageClass.PROMOTIONAL, [Channel.PUSH])] == [1]


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("class_", MessageClass)
def test_only_urgent_safety_passes(lane: Lane, class_: MessageClass) -> None:
    """Service and promotional never do, whatever the lane; nor does safety that can wait."""
    urgent_safety = (lane, class_) == (Lane.URGENT, MessageClass.SAFETY)
    assert passes(lane, class_) is urgent_safety
    course = Course(rules=read({"quiet": [NIGHT]}), time_zone="Africa/Casablanca")
    night = datetime(2026, 11, 18, 22, tzinfo=UTC)
    for channel in DELIVERY_CHANNELS:
        given = (night, class_, lane, channel, "Africa/Casablanca")
        assert (course.rest(*given) is None) is urgent_safety
        assert (course.passed(*given) == night) is urgent_safety


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"silence": []}, "rules: 'silence' is unknown. Use quiet, holidays, cap."),
        ({"quiet": {}}, "quiet: is no list of tables"),
        ({"quiet": ["21-08"]}, "quiet: is no list of tables"),
        ({"quiet": [NIGHT] * 51}, "quiet: has more than 50 entries"),
        ({"quiet": [{"from": "21:00"}]}, "quiet 1, to: is missing"),
        ({"quiet": [NIGHT, {"from": "9:00", "to": "10:00"}]}, "quiet 2, from: '9:00' is no time"),
        ({"quiet": [{"from": "21:00", "to": "24:01"}]}, "quiet 1, to: '24:01' is no time"),
        ({"quiet": [{"from": "24:00", "to": "08:00"}]}, "quiet 1, from: 24:00 begins no day"),
        ({"quiet": [{"from": 21, "to": "08:00"}]}, "quiet 1, from: '21' is no time"),
        ({"quiet": [{"from": "٢١:٠٠", "to": "08:00"}]}, "is no time of the day"),
        ({"quiet": [{**NIGHT, "days": ["someday"]}]}, "quiet 1, days: 'someday' is unknown"),
        ({"quiet": [{**NIGHT, "days": []}]}, "quiet 1, days: is no list, or has nothing"),
        ({"quiet": [{**NIGHT, "days": "mon"}]}, "quiet 1, days: is no list"),
        ({"quiet": [{**NIGHT, "classes": ["spam"]}]}, "quiet 1, classes: 'spam' is unknown"),
        ({"quiet": [{**NIGHT, "classes": [["x"]]}]}, "is unknown. Use one or more of service"),
        ({"quiet": [{**NIGHT, "channels": ["web"]}]}, "quiet 1, channels: 'web' is told to nobody"),
        ({"quiet": [{**NIGHT, "until": "x"}]}, "quiet 1: 'until' is unknown"),
        (
            {"quiet": [{"from": "08:00", "to": "20:00"}, {"from": "20:00", "to": "08:00"}]},
            "quiet: leaves no time of the week for service by sms. Make a range shorter.",
        ),
        ({"holidays": "2026-11-18"}, "holidays: is no list of dates"),
        ({"holidays": ["18/11/2026"]}, "holidays: '18/11/2026' is no date. Write 2026-11-18."),
        ({"holidays": [datetime(2026, 11, 18, tzinfo=UTC)]}, "is no date"),
        ({"holidays": [1]}, "holidays: '1' is no date"),
        ({"holidays": ["2026-11-18"] * 401}, "holidays: has more than 400 dates"),
        ({"cap": [{"most": 1, "days": 7}]}, "cap 1, class: '' is unknown"),
        ({"cap": [{"class": "service", "days": 7}]}, "cap 1, most: is missing"),
        ({"cap": [{"class": "service", "most": 0, "days": 7}]}, "cap 1, most: '0' is out of range"),
        ({"cap": [{"class": "service", "most": True, "days": 7}]}, "most: 'True' is out of range"),
        ({"cap": [{"class": "service", "most": 1, "days": 91}]}, "cap 1, days: '91' is out of"),
        ({"cap": [{"class": "service", "channel": "fax"}]}, "cap 1, channel: 'fax' is unknown"),
        ({"cap": [{"class": "service", "channel": "web"}]}, "cap 1, channel: 'web' is told"),
        ({"cap": [{}] * 21}, "cap: has more than 20 entries"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(raw: dict[str, Any], message: str) -> None:
    """The field, what is wrong with it, and what to write."""
    with pytest.raises(InvalidInputError) as refused:
        read(raw)
    assert message in str(refused.value)
