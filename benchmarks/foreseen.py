"""Is what was forecast what became of it: people, messages and segments of a whole campaign.

Customers with names of many lengths, some numbers abroad, some shared, some people who refused,
some without a phone or a mailbox; one campaign by SMS and mail with the reader's name and a link
in it. It is forecast at its approval and sent through real workers to simulated networks. Then
three accounts are compared: the forecast, the ledger, and the texts that the networks took, whose
segments are counted anew. Any difference ends it with 1. `python benchmarks/foreseen.py --full`
(100,000).
"""

import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import _frame
from benchmarks._customers import segment
from benchmarks._networks import networks
from benchmarks._world import CHILDREN, World, wide_limits, world
from benchmarks.forecast import ABROAD, NAMES, write_kind
from broadcaster import bootstrap
from broadcaster.bootstrap.drafting import Form, draft
from broadcaster.channels.sms import measure as measured

_NAME = "foreseen"
_COUNT = {False: 5_000, True: 100_000}
_SECONDS = 280.0

#: What sets people apart: shared numbers, none, opted out by channel, and addresses barred.
_APART = (
    """UPDATE customer_address SET address_id = other.address_id FROM customer_address AS other
    WHERE customer_address.channel = 'sms' AND other.channel = 'sms'
      AND customer_address.customer_id % 25 = 0
      AND other.customer_id = customer_address.customer_id - 1""",
    "DELETE FROM customer_address WHERE channel = 'email' AND customer_id % 9 = 0",
    "DELETE FROM customer_address WHERE channel = 'sms' AND customer_id % 11 = 0",
    """INSERT INTO consent (customer_id, channel, class, granted, source)
    SELECT id, 'sms', 'service', false, 'benchmark' FROM customer WHERE id % 13 = 0""",
    """INSERT INTO suppression (address_id, class, reason, source)
    SELECT id, 'service', 'unknown_address', 'benchmark' FROM address
    WHERE channel = 'email' AND id % 17 = 0""",
)


def run(count: int) -> tuple[Mapping[str, Any], Mapping[str, int]]:
    """Send to so many; the product's own comparison, and what the networks' account differs by."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write_kind(folder / "kinds")
        target = stack.enter_context(networks(folder))
        settings = {
            "BROADCASTER_TEMPLATES": str(folder / "kinds"),
            "BROADCASTER_LIMITS": wide_limits(),
            **target.settings,
        }
        made = stack.enter_context(world(settings))
        made.people(count)
        _set_apart(made)
        made.start(children=CHILDREN)
        campaign = _approved(made)
        made.course(campaign, made.launch(campaign), _SECONDS)
        found = made.runtime.campaigns.get(str(campaign))
        compared = bootstrap.comparison(made.runtime, found)
        received = target.received()
    arrived = Counter(one.channel for one in received)
    segments = sum(measured(one.words).segments for one in received if one.channel == "sms")
    told = compared["channels"]
    return compared, {
        **{f"messages, {name}": arrived[name] - told[name]["forecast"] for name in sorted(told)},
        "segments": segments - compared["segments"]["forecast"],
    }


def _approved(made: World) -> int:
    runtime = made.runtime
    form = Form(
        name="with a name",
        kind="with_name",
        segment=segment(runtime.segments, None),
        channels="sms,email",
        by="benchmark",
    )
    found = runtime.campaigns.get(str(draft(runtime, form)))
    bootstrap.approve(runtime, found, "approver")
    return found.id


def _set_apart(made: World) -> None:
    with made.runtime.pool.connection() as connection:
        connection.execute("SET LOCAL statement_timeout = '5min'")
        for query in (NAMES, ABROAD, *_APART):
            connection.execute(query.encode())
        connection.execute("ANALYZE")


def measure(wished: _frame.Wishes) -> _frame.Result:
    """Run it, and say what differs."""
    count = wished.count or _COUNT[wished.full]
    compared, apart = run(count)
    pairs = [(name, compared[name]) for name in ("customers", "reached", "segments")] + [
        (f"{group}: {name}", pair)
        for group in ("channels", "locales", "left_out")
        for name, pair in compared[group].items()
    ]
    return _frame.Result(
        name=_NAME,
        title="What was forecast, and what became of it",
        full=wished.full,
        ratios=[
            _frame.Ratio(
                name="counts that differ between forecast and ledger",
                value=sum(bool(pair["difference"]) for _, pair in pairs),
                at_most=0,
            ),
            _frame.Ratio(
                name="counts that differ between forecast and what the networks took",
                value=sum(map(bool, apart.values())),
                at_most=0,
            ),
        ],
        figures=[
            {"count": name, "forecast": pair["forecast"], "ledger": pair["actual"]}
            for name, pair in pairs
        ]
        + [{"at the networks": name, "differs by": by} for name, by in apart.items()],
        sizes={"customers": count, "children": CHILDREN, "agrees": compared["agrees"]},
    )


def main() -> None:
    """Measure, print, keep; ends with 1 when anything differs."""
    wished = _frame.wishes(__doc__)
    result = measure(wished)
    _frame.publish(result, wished)
    if not all(one.met for one in result.ratios):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
