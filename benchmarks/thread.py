"""Who got what of a thread: an alert that is corrected while half sent, and then withdrawn.

Half of the customers have a phone, half a mailbox. At half of the alert the correction is launched,
at half of the correction the withdrawal. Counted at the simulated networks, by the words that they
took: everybody who got the alert or the correction got what followed after it, nobody who got
nothing got a withdrawal, nobody got one message twice. With `--kill` a worker is killed before the
correction is launched.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from email.parser import HeaderParser
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from benchmarks import _chart, _frame
from benchmarks._customers import segment
from benchmarks._networks import Networks, Received, networks
from benchmarks._world import CHILDREN, World, wide_limits, world
from broadcaster import bootstrap
from broadcaster.bootstrap import FollowUp
from broadcaster.bootstrap.drafting import Form, draft
from broadcaster.domain.advisory import MessageType

_NAME = "thread"
_COUNT = {False: 3000, True: 50_000}
#: The lease, seconds: what follows waits so long at most for what a killed worker had in the air.
_LEASE = 5
_NOTHING: Mapping[str, str] = MappingProxyType({})
#: The longest that something superseded may still leave, seconds.
_STOP = 2.0

_KIND = 'channels = ["sms", "email"]\n'
_FACTS = """
[facts.water]
type = "text"
default = "boil it"
"""
_ABOUT = """
[facts.about]
type = "localized"
required = false
"""
#: What a message says of itself, and how it is found in what a network took.
_WORDS = {type_: f"thread-{type_.value}-said" for type_ in MessageType}
_SAYS = "thread-{{ advisory.message_type }}-said"

#: What an address may have got, in this order.
_ALERT, _CORRECTION, _CANCEL = MessageType.ALERT, MessageType.CORRECTION, MessageType.CANCEL
_RIGHT = frozenset(
    {
        (_ALERT, _CORRECTION, _CANCEL),
        (_ALERT, _CANCEL),
        (_CORRECTION, _CANCEL),
    }
)

_DOUBTS = """
SELECT DISTINCT address.value FROM delivery JOIN address ON address.id = delivery.address_id
WHERE delivery.status = 'unknown'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Who got what: how many addresses each row of messages, and the ledger's word beside it.

    `wrong` are rows that must not be; `doubtful` those of addresses of which the ledger says that a
    message may have arrived, and none did. `alone` are mails that do not name the one before at
    their address. `late` is how long after a launch the last message came
    that it superseded, seconds.
    """

    rows: Mapping[tuple[MessageType, ...], int]
    wrong: int
    doubtful: int
    twice: int
    unlike: int
    alone: int
    late: Mapping[MessageType, float]
    waited: Mapping[MessageType, float]
    series: Mapping[MessageType, list[list[float]]]
    seconds: float


def run(count: int, *, kill: bool = False, more: Mapping[str, str] = _NOTHING) -> Told:
    """Play it through with so many customers; `more` are settings that differ."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _write_kinds(folder / "kinds")
        target = stack.enter_context(networks(folder))
        settings = {
            "BROADCASTER_TEMPLATES": str(folder / "kinds"),
            "BROADCASTER_LIMITS": wide_limits(),
            "BROADCASTER_LEASE": str(_LEASE),
            "BROADCASTER_BATCH_SIZE": str(min(1000, max(100, count // 20))),
            **target.settings,
            **more,
        }
        made = stack.enter_context(world(settings))
        made.people(count)
        _split(made)
        made.start(children=1)
        made.worker("second", "urgent,routine", CHILDREN - 1)
        return _play(made, target, count, kill=kill)


def _play(made: World, target: Networks, count: int, *, kill: bool) -> Told:
    begun = time.time()
    alert = _alert(made)
    launched = {_ALERT: made.launch(alert)}
    _until(target, count // 10)
    correction = _approved(made, _follow(made, alert, _CORRECTION))
    _until(target, count // 2)
    if kill:
        made.kill("worker")
    launched[_CORRECTION] = made.launch(correction)
    seen = target.count()
    _until(target, seen + count // 10)
    cancel = _approved(made, _follow(made, alert, _CANCEL))
    _until(target, seen + count // 2)
    launched[_CANCEL] = made.launch(cancel)
    _ended(made)
    return told(made, target.received(), launched, time.time() - begun)


def told(
    made: World,
    received: Sequence[Received],
    launched: Mapping[MessageType, float],
    seconds: float,
) -> Told:
    """Work it out from what the networks took, and compare the ledger with that."""
    got: dict[str, list[MessageType]] = {}
    moments: dict[MessageType, list[float]] = {type_: [] for type_ in launched}
    for one in received:
        type_ = next(type_ for type_, words in _WORDS.items() if words in one.words)
        got.setdefault(one.to, []).append(type_)
        moments[type_].append(one.at)
    doubts = _doubts(made)
    wrong = doubtful = 0
    for to, row in got.items():
        if tuple(row) not in _RIGHT:
            wrong += to not in doubts
            doubtful += to in doubts
    order = list(launched)
    return Told(
        rows=Counter(tuple(row) for row in got.values()),
        wrong=wrong,
        doubtful=doubtful,
        twice=sum(len(row) - len(set(row)) for row in got.values()),
        unlike=_unlike(made, {type_: len(moments[type_]) for type_ in order}, len(doubts)),
        alone=_alone([one for one in received if one.channel == "email"]),
        late={
            former: max(0.0, max(moments[former]) - launched[later])
            for former, later in pairwise(order)
        },
        waited={type_: min(moments[type_]) - launched[type_] for type_ in order},
        series=_series(moments, launched[_ALERT]),
        seconds=seconds,
    )


def _series(
    moments: Mapping[MessageType, Sequence[float]], begun: float
) -> dict[MessageType, list[list[float]]]:
    """Count what arrived in each second from the first launch on, by what it said."""
    end = int(max(max(times) for times in moments.values()) - begun) + 1
    found = {}
    for type_, times in moments.items():
        counts = Counter(int(one - begun) for one in times)
        found[type_] = [[float(at), float(counts[at])] for at in range(end)]
    return found


def _alone(mails: Sequence[Received]) -> int:
    """Count the mails that do not answer the one before at their address, or name not all."""
    former: dict[str, list[str]] = {}
    alone = 0
    for one in mails:
        headers = HeaderParser().parsestr(one.words)
        before = former.setdefault(one.to, [])
        named = (headers["References"] or "").split()
        # One that is in doubt is named too, and may not have come.
        answered = headers["In-Reply-To"] or ""
        alone += not set(before) <= set(named) or answered != "".join(named[-1:])
        before.append(headers["Message-ID"])
    return alone


def _unlike(made: World, arrived: Mapping[MessageType, int], doubts: int) -> int:
    """Count by how many the ledger's word of what was taken differs from what arrived.

    Of those in doubt either may be.
    """
    query = (
        "SELECT advisory.message_type, count(*) FILTER (WHERE delivery.status = 'accepted') "
        "FROM delivery JOIN campaign ON campaign.id = campaign_id "
        "JOIN advisory ON advisory.id = advisory_id GROUP BY 1"
    )
    with made.runtime.pool.connection() as connection:
        taken = {MessageType(type_): count for type_, count in connection.execute(query)}
    return sum(
        max(0, taken[type_] - count, count - taken[type_] - doubts)
        for type_, count in arrived.items()
    )


def _doubts(made: World) -> frozenset[str]:
    with made.runtime.pool.connection() as connection:
        return frozenset(value for (value,) in connection.execute(_DOUBTS))


def _alert(made: World) -> int:
    form = Form(
        name="water",
        kind="water",
        segment=segment(made.runtime.segments, None),
        channels="sms,email",
        message_class="safety",
        lane="urgent",
        drill=False,
        by="benchmark",
    )
    return _approved(made, draft(made.runtime, form))


def _follow(made: World, alert: int, type_: MessageType) -> int:
    runtime = made.runtime
    facts = {"water": "do not drink it"} if type_.replaces else {}
    asked = FollowUp(message_type=type_, by="benchmark", facts=facts)
    return bootstrap.follow(runtime, runtime.campaigns.get(str(alert)), asked)


def _approved(made: World, campaign: int) -> int:
    runtime = made.runtime
    found = runtime.campaigns.get(str(campaign))
    pinned = runtime.hash(found, runtime.ledger.advisory(found.advisory_id))
    runtime.campaigns.approve(campaign, pinned, "approver", runtime.clock.now())
    return campaign


def _until(target: Networks, count: int, seconds: float = 280) -> None:
    deadline = time.monotonic() + seconds
    while target.count() < count:
        assert time.monotonic() < deadline, f"only {target.count()} of {count} arrived"
        time.sleep(0.02)


def _ended(made: World, seconds: float = 280) -> None:
    """Wait until nothing is left to send in any campaign."""
    query = (
        "SELECT bool_and(planned_at IS NOT NULL) "
        "AND NOT EXISTS (SELECT FROM batch WHERE NOT done) FROM campaign"
    )
    deadline = time.monotonic() + seconds
    while True:
        with made.runtime.pool.connection() as connection:
            if connection.execute(query).fetchone() == (True,):
                return
        assert time.monotonic() < deadline, "it does not come to its end"
        time.sleep(0.1)


def _split(made: World) -> None:
    """Leave every other customer a phone alone, and the rest a mailbox."""
    with made.runtime.pool.connection() as connection:
        connection.execute("SET LOCAL statement_timeout = '5min'")
        for channel, rest in (("sms", 0), ("email", 1)):
            query = "DELETE FROM customer_address WHERE channel = %s AND customer_id %% 2 = %s"
            connection.execute(query, [channel, rest])


def _write_kinds(folder: Path) -> None:
    """Write the kinds: short ones that say what they are, so that it is read off what arrived."""
    for name, facts in (("water", _FACTS), ("withdrawal", _ABOUT)):
        parts = {
            "kind.toml": _KIND + facts,
            "sms/body.txt": _SAYS,
            "email/subject.txt": _SAYS,
            "email/body.txt": _SAYS,
            "email/body.mjml": (
                "<mjml><mj-body><mj-section><mj-column>"
                f"<mj-text>{_SAYS}</mj-text></mj-column></mj-section></mj-body></mjml>"
            ),
        }
        for path, text in parts.items():
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n", encoding="utf-8")


def measure(wished: _frame.Wishes) -> tuple[_frame.Result, _chart.Panel]:
    """Play it through, calm and with a killed worker, and say what must hold."""
    count = wished.count or _COUNT[wished.full]
    short = min(count, _COUNT[False])
    played = {"calm": run(count), "worker killed": run(short, kill=True)}
    sizes = {"calm": count, "worker killed": short}
    both = list(played.values())
    never = {
        "addresses that got what they must not": sum(one.wrong for one in both),
        "messages that came twice": sum(one.twice for one in both),
        "mails that do not name those before them": sum(one.alone for one in both),
        "messages of which ledger and networks differ": sum(one.unlike for one in both),
    }
    panel = _chart.Panel(
        title="messages a second at the networks",
        series={_named(type_): rows for type_, rows in played["calm"].series.items()},
    )
    got: list[dict[str, _frame.Figure]] = [
        {
            "run": name,
            "got": " + ".join(map(_named, row)) or "nothing",
            "addresses": number,
        }
        for name, one in played.items()
        for row, number in [
            *sorted(one.rows.items()),
            ((), sizes[name] - sum(one.rows.values())),
        ]
    ]
    waited: list[dict[str, _frame.Figure]] = [
        {"run": name, "launch to first": _named(type_), "s": round(seconds, 2)}
        for name, one in played.items()
        for type_, seconds in one.waited.items()
    ]
    result = _frame.Result(
        name=_NAME,
        title="An alert is corrected when half sent, then withdrawn",
        full=wished.full,
        ratios=[
            *(_frame.Ratio(name=name, value=found, at_most=0) for name, found in never.items()),
            *(
                _frame.Ratio(
                    name=f"last {_named(type_)} after what superseded it was launched, {name}",
                    value=seconds,
                    at_most=_STOP,
                    unit=" s",
                )
                for name, one in played.items()
                for type_, seconds in one.late.items()
            ),
        ],
        figures=[*got, *waited],
        sizes={
            "customers": count,
            "with a killed worker": short,
            "seconds": round(played["calm"].seconds, 1),
            "children": CHILDREN,
            "lease, s": _LEASE,
            "told of the end alone, in doubt before": played["worker killed"].doubtful,
        },
        notes=[
            "Half have a phone, half a mailbox; the simulated networks took all that came.",
            "What follows waits for what a killed worker had in the air: a lease at most.",
        ],
    )
    return result, panel


def _named(type_: MessageType) -> str:
    return type_.value.replace("_", " ")


def main() -> None:
    """Measure, print, keep; ends with 1 when somebody got what they must not."""
    wished = _frame.wishes(__doc__)
    result, panel = measure(wished)
    if _frame.publish(result, wished):
        path = _frame.PICTURES / f"bench-{_NAME}.svg"
        _chart.lines(result.title, "each is stopped by the launch of the next", [panel], path)
    if not all(one.met for one in result.ratios):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
