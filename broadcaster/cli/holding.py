"""`campaigns hold` and `campaigns release`: from what was typed to a part of a campaign."""

from typing import TYPE_CHECKING

from broadcaster import bootstrap
from broadcaster.bootstrap.drafting import moment
from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.english import number_of

if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime
    from broadcaster.ledger.holds import Scope


def hold(runtime: "Runtime", campaign: str, part: "Scope", until: str, by: str, why: str) -> str:
    """Hold a part of a campaign; gives the sentence that says so."""
    found, now = runtime.campaigns.get(campaign), runtime.clock.now()
    end = moment("--until", until, now) if until else None
    count = bootstrap.hold(runtime, found, part, end, by, why)
    when = f"until {end:%Y-%m-%d %H:%M %Z}" if end else "until it is released"
    said = f"Campaign {found.id}{_words(part)} is held {when}: {count:,} messages wait."
    if found.channel_plan is not ChannelPlan.ESCALATE:
        return said
    if part.whole:
        return f"{said} Its next channel waits too."
    return f"{said} Those customers' next channel waits too; everybody else's does not."


def release(runtime: "Runtime", campaign: str, part: "Scope", by: str, why: str) -> str:
    """Release a part of a campaign; gives the sentence that says so."""
    found, now = runtime.campaigns.get(campaign), runtime.clock.now()
    done = runtime.holds.release(found.id, part, by, why, now)
    words = [number_of(len(done.holds), "hold")] if done.holds else []
    if done.rested:
        words.append(f"{done.rested:,} messages that waited for quiet hours to end")
    return f"Campaign {found.id}{_words(part)}: released {' and '.join(words)}."


def _words(part: "Scope") -> str:
    words = [f"by {part.channel.value}"] if part.channel else []
    words += [f"in {part.zone}"] if part.zone else []
    words += [f"of segment {part.segment}"] if part.segment else []
    return f" ({', '.join(words)})" if words else ""
