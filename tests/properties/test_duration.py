"""Time to finish: the dearest limit decides, and an even spread over it keeps all others."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.duration import Flow, Others, finish, least, left, most
from tests.builders import NOON

_NAMES = ("twilio", "sender:a", "twilio/+212", "smtp")
_FLOWS = st.lists(
    st.builds(
        lambda limits, units: Flow("sms", tuple(sorted(limits)), units, units),
        st.sets(st.sampled_from(_NAMES)),
        st.integers(0, 10**6),
    ),
    max_size=8,
)
_RATES = st.fixed_dictionaries({name: st.integers(1, 1000).map(float) for name in _NAMES})


def _loads(flows: list[Flow]) -> dict[str, int]:
    return {name: sum(f.units for f in flows if name in f.limits) for name in _NAMES}


@given(flows=_FLOWS, rates=_RATES)
def test_no_limit_is_exceeded_in_the_least_time_and_one_would_be_in_less(
    flows: list[Flow], rates: dict[str, float]
) -> None:
    """Every limit's load fits its rate over the time, and that of the named one just so."""
    span = least(flows, rates)
    for name, load in _loads(flows).items():
        assert load <= rates[name] * span.seconds * (1 + 1e-9)
    if span.limit is not None:
        assert _loads(flows)[span.limit] == round(rates[span.limit] * span.seconds)
    else:
        assert not any(flow.limits for flow in flows)


@given(flows=_FLOWS, others=_FLOWS, rates=_RATES, urgent=st.booleans())
def test_others_make_it_longer_and_never_shorter(
    flows: list[Flow], others: list[Flow], rates: dict[str, float], *, urgent: bool
) -> None:
    """Urgent work waits for routine work a tenth at most."""
    alone = least(flows, rates).seconds
    for kind in (Others(urgent=others), Others(routine=others)):
        assert most(flows, kind, rates, urgent=urgent).seconds >= alone
    behind = most(flows, Others(routine=others), rates, urgent=True).seconds
    assert behind <= alone / 0.98 / 0.9 * (1 + 1e-9)


_SPANS = st.lists(st.tuples(st.integers(-50, 200), st.integers(0, 60)), max_size=5)


@given(seconds=st.integers(1, 200), spans=_SPANS)
def test_nothing_leaves_during_a_pause(seconds: int, spans: list[tuple[int, int]]) -> None:
    """Second by second, the plain rule: work goes on in each second that no pause covers."""
    pauses = [
        (NOON + timedelta(seconds=first), NOON + timedelta(seconds=first + length))
        for first, length in spans
    ]
    left, at = seconds, 0
    while left:
        left -= not any(first <= at < first + length for first, length in spans)
        at += 1
    assert finish(NOON, float(seconds), pauses) == NOON + timedelta(seconds=at)


@given(
    seconds=st.integers(0, 10_000),
    until=st.integers(1, 10_000),
    pauses=st.lists(st.tuples(st.integers(-500, 10_000), st.integers(1, 2000)), max_size=5),
)
def test_what_is_left_at_a_moment_is_what_is_still_to_be_done_then(
    seconds: int, until: int, pauses: list[tuple[int, int]]
) -> None:
    """Second by second; and what is quiet from the start is not done before its end."""
    quiet = [
        (NOON + timedelta(seconds=begins), NOON + timedelta(seconds=begins + length))
        for begins, length in pauses
    ]
    awake = {
        second
        for second in range(until)
        if not any(begins <= second < begins + length for begins, length in pauses)
    }
    found = left(NOON, NOON + timedelta(seconds=until), seconds, quiet)
    if seconds:
        assert abs(found - max(0.0, 1 - len(awake) / seconds)) < 1e-9
    else:
        assert found == 0.0 or not awake
