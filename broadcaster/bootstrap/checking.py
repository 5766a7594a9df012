"""Checks of a campaign before it is approved and launched: texts, languages, times and wording."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from broadcaster.bootstrap.foreseeing import foresee
from broadcaster.domain import readiness
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.readiness import Check, Concern
from broadcaster.domain.saying import Term, said
from broadcaster.domain.wording import place
from broadcaster.errors import BroadcasterError, ConflictError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.render.launch_check import TextChecker

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415

#: How many are named where a campaign is refused, and kept in the audit.
_NAMED, _NOTED = 3, 50

Foreseen = Mapping[str, Any]


def text_checker(runtime: "Runtime") -> "TextChecker":
    """Make what looks at texts as customers would get them."""
    from broadcaster.channels.sms import measure
    from broadcaster.render.check import KindChecker
    from broadcaster.render.launch_check import TextChecker

    return TextChecker(
        checker=KindChecker(renderer=runtime.renderer, measure=measure),
        hosts=runtime.settings.link_hosts,
        origin=runtime.settings.public_url,
    )


def concerns(runtime: "Runtime", campaign: Campaign) -> Sequence[Concern]:
    """Say what keeps a campaign from being launched, and what should be known before.

    What blocks comes first. NotFoundError for a kind that is not there.
    """
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    return _foreseen_and_checked(runtime, campaign, advisory)[1]


def foreseen_and_checked(
    runtime: "Runtime", campaign: Campaign, advisory: Advisory
) -> tuple[dict[str, Any], Sequence[Concern]]:
    """Give the forecast and what was found with it; ConflictError for what blocks.

    Whatever the forecast raises where nothing was found that explains it.
    """
    foreseen, found, fault = _foreseen_and_checked(runtime, campaign, advisory)
    require_launchable(campaign, found)
    if foreseen is None:
        raise fault or AssertionError
    return foreseen, found


def examined(
    runtime: "Runtime", campaign: Campaign, progress: Callable[[int], None]
) -> tuple[dict[str, Any] | None, Sequence[Concern]]:
    """Give the forecast, where there can be one, and what was found with it.

    `progress` is told how many messages were looked at since. Raises whatever keeps it from being
    foreseen where nothing was found that explains it.
    """
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    foreseen, found, fault = _foreseen_and_checked(runtime, campaign, advisory, progress)
    if fault is not None and not any(one.blocks for one in found):
        raise fault
    return foreseen, found


def _foreseen_and_checked(
    runtime: "Runtime",
    campaign: Campaign,
    advisory: Advisory,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[dict[str, Any] | None, Sequence[Concern], BroadcasterError | None]:
    foreseen, fault = None, None
    try:
        foreseen = foresee(runtime, campaign, progress)
    except BroadcasterError as error:
        # Texts that can not be rendered can not be measured either: the checks name them.
        fault = error
    return foreseen, check(runtime, campaign, advisory, foreseen), fault


def check(
    runtime: "Runtime", campaign: Campaign, advisory: Advisory, foreseen: Foreseen | None = None
) -> Sequence[Concern]:
    """Find what is wrong; without a forecast every locale counts as one that somebody gets."""
    from broadcaster.render.launch_check import moments, wanted

    kind = runtime.renderer.kind(advisory)
    checker = text_checker(runtime)
    told: Mapping[str, int] = (
        dict.fromkeys(kind.locales, 1) if foreseen is None else foreseen["locales"]
    )
    written = runtime.wordings.written(campaign.id) if advisory.wording else {}
    found: list[Concern] = [
        Concern(
            check=Check.CHANNEL,
            blocks=True,
            place=channel.value,
            problem=said(
                "the kind %(kind)s has no %(channel)s",
                kind=kind.name,
                channel=Term("channel", channel.value),
            ),
            remedy=said("Leave that channel out."),
        )
        for channel in campaign.channels
        if channel not in kind.channels
    ]
    found += checker.kind(kind.name, [tag for tag in kind.locales if told.get(tag)])
    for tag in kind.locales:
        found += checker.locale(advisory, tag, campaign.channels, needed=bool(told.get(tag)))
    found += checker.wording(advisory, written)
    if foreseen is not None:
        found += readiness.worded_in_part(
            map(place, advisory.wording), told, foreseen["by_channel_and_locale"]
        )
        people: Counter[tuple[str | None, str | None]] = Counter()
        for row in foreseen["preferences"]:
            if row["preferred"] != "others":
                people[row["preferred"], row["told_in"]] += row["customers"]
        found += readiness.languages(
            wanted(runtime.renderer, advisory, people),
            in_a_hurry=readiness.hurried(campaign, advisory),
        )
    found += nothing_new(runtime, campaign, advisory)
    now = runtime.clock.now()
    start = max(now, advisory.effective, campaign.scheduled_at or now)
    zone = ZoneInfo(runtime.settings.time_zone)
    found += readiness.in_time(
        advisory, moments(kind, advisory, zone), start, _finishes(foreseen), zone
    )
    return readiness.ordered(found)


def nothing_new(runtime: "Runtime", campaign: Campaign, advisory: Advisory) -> Sequence[Concern]:
    """Say that an update or a correction says what the message before it said already."""
    if advisory.follows is None or not advisory.message_type.replaces:
        return ()
    former = runtime.ledger.advisory(advisory.follows)
    same = (
        former.kind == advisory.kind
        and former.facts == advisory.facts
        and former.wording == advisory.wording
        and former.expires == advisory.expires
    )
    told = [one for one in runtime.threads.of(campaign.id) if one.advisory == former.id]
    # The kind itself may have been mended since.
    if not same or not all(
        runtime.unchanged(runtime.campaigns.get(str(one.campaign)), former) for one in told
    ):
        return ()
    number = told[0].campaign if told else former.id
    return [
        Concern(
            check=Check.SAME,
            blocks=True,
            problem=said("nothing differs from campaign %(number)s", number=number),
            remedy=said(
                "Give what is new: 'campaigns facts %(campaign)s --file …', or "
                "'campaigns wording set %(campaign)s …'; or drop it with "
                "'campaigns cancel %(campaign)s'.",
                campaign=campaign.id,
            ),
        )
    ]


def require_launchable(campaign: Campaign, found: Sequence[Concern]) -> None:
    """Refuse a campaign that something blocks; ConflictError names the first of it."""
    blocking = [one for one in found if one.blocks]
    if not blocking:
        return
    listed = "; ".join(str(one) for one in blocking[:_NAMED])
    more = len(blocking) - _NAMED
    rest = f" And {more} more." if more > 0 else ""
    message = said(
        "Campaign %(campaign)s can not be launched: %(listed)s%(rest)s "
        "'broadcaster campaigns check %(campaign_2)s' shows all.",
        campaign=repr(campaign.name),
        listed=listed,
        rest=rest,
        campaign_2=campaign.id,
    )
    raise ConflictError(message)


def noted(found: Sequence[Concern]) -> dict[str, object]:
    """Give what the audit of an approval keeps of concerns that do not block."""
    if not found:
        return {}
    return {"concerns": len(found), "concerned": [one.as_note() for one in found[:_NOTED]]}


def _finishes(foreseen: Foreseen | None) -> datetime | None:
    """Give when the last message has left, at the latest; None where nobody knows."""
    time = (foreseen or {}).get("time")
    if not time or not time["known"] or not time["finishes"]:
        return None
    return datetime.fromisoformat(time["finishes"][1])
