"""The whole forecast of a campaign: counts, segments, cost, time and advice."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from broadcaster.bootstrap.timing import flows, time
from broadcaster.bootstrap.ways import Ways
from broadcaster.domain.message import Channel
from broadcaster.domain.saying import said
from broadcaster.domain.tariff import Charge, Tariffs, total, unknown, written

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.campaign import Campaign
    from broadcaster.planning.advice import Advice
    from broadcaster.planning.foreseen import Forecast

# ruff: noqa: PLC0415  (adapters are imported where they are used)

#: How many different first preferences are listed; the rest is added up.
_PREFERENCES = 50


def foresee(
    runtime: "Runtime", campaign: "Campaign", progress: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Say what a campaign would be, as JSON values; nothing is written.

    InvalidInputError and ConfigurationError where its segment or its texts are wrong.
    """
    from broadcaster.planning.forecast import Survey
    from broadcaster.render.letters import whence

    advisory = runtime.ledger.advisory(campaign.advisory_id)
    now = runtime.clock.now()
    start = max(now, advisory.effective, campaign.scheduled_at or now)
    tariffs = Tariffs(runtime.tariffs.list(), start.date())
    ways = Ways(runtime, drill=campaign.drill)
    survey = Survey(
        advisory=advisory,
        destinations=ways.destinations(tariffs.prefixes),
        progress=progress,
    )
    foreseen = runtime.forecaster.forecast(campaign.id, survey, now)
    charges = charged(foreseen, ways, tariffs)
    kind = runtime.renderer.library.kind(advisory.kind)

    def origin(locale: str, characters: Sequence[str], count: int) -> str:
        # Several letters together may come from several places: then the text is named.
        if len(characters) != 1:
            return ""
        spoken = runtime.renderer.locales[locale]
        return whence(kind, advisory.facts, spoken, characters[0], count)

    needed = time(runtime, campaign, advisory, ways, flows(foreseen, ways), foreseen.zones, start)
    return {
        **foreseen.as_dict(),
        "made_at": now.isoformat(),
        "segments": foreseen.segments,
        "sms": _sms(foreseen),
        "left_out": {
            channel.value: {reason.value: count for reason, count in sorted(counts.items())}
            for channel, counts in foreseen.left_out.items()
        },
        "samples": {reason.value: list(some) for reason, some in foreseen.samples.items()},
        "cost": _cost(charges),
        "time": needed,
        "fairness": runtime.waits.foresee(campaign.id, now, foreseen.zones).as_dict(),
        "preferences": _preferences(foreseen),
        "steps_segments": [step.segments for step in foreseen.steps],
        "advice": [one.as_dict() for one in _advice(foreseen, charges, ways, needed, origin)],
    }


def charged(foreseen: "Forecast", ways: Ways, tariffs: Tariffs) -> list[Charge]:
    """Give what leaves by channel, provider and place, with its tariff."""
    sums: dict[tuple[str, str, str], Counter[str]] = {}
    for told in foreseen.told:
        provider = ways.of(told.channel, told.place).provider
        place = told.place if told.channel is Channel.SMS else ""
        row = sums.setdefault((told.channel.value, provider, place), Counter())
        row.update(messages=told.messages, units=told.units)
    return [
        Charge(
            channel=channel,
            provider=provider,
            place=place,
            messages=row["messages"],
            units=row["units"],
            tariff=tariffs.find(provider, place),
        )
        for (channel, provider, place), row in sorted(sums.items())
    ]


def _cost(charges: Sequence[Charge]) -> dict[str, object]:
    from broadcaster.channels.phones import country

    return {
        "total": {currency: written(amount) for currency, amount in total(charges).items()},
        "unknown": sum(charge.units for charge in unknown(charges)),
        "rows": [
            {
                "channel": charge.channel,
                "provider": charge.provider,
                "country": country(charge.place),
                "prefix": charge.place,
                "messages": charge.messages,
                "units": charge.units,
                "price": charge.tariff and written(charge.tariff.price),
                "per": charge.tariff and charge.tariff.per,
                "currency": charge.tariff and charge.tariff.currency,
                "cost": None if charge.cost is None else written(charge.cost),
            }
            for charge in charges
        ],
    }


def _sms(foreseen: "Forecast") -> dict[str, object]:
    segments: Counter[str] = Counter()
    for told in foreseen.told:
        if told.channel is Channel.SMS:
            segments[told.locale] += told.units
    return {
        "messages": foreseen.channels.get(Channel.SMS, 0),
        "segments": foreseen.segments,
        "rendered": foreseen.sizes.rendered,
        "each": foreseen.each,
        "locales": {
            locale: {"segments": count, **_sizes(foreseen.sizes.units.get(locale, Counter()))}
            for locale, count in sorted(segments.items())
        },
    }


def _sizes(units: "Counter[tuple[str, int]]") -> dict[str, object]:
    """Give how many messages have which encoding, and their least and most units."""
    told = {key: count for key, count in units.items() if count}
    encodings: Counter[str] = Counter()
    for (encoding, _), count in told.items():
        encodings[encoding] += count
    sizes = [size for _, size in told]
    return {
        "messages": sum(encodings.values()),
        "encodings": dict(encodings),
        "units": [min(sizes), max(sizes)] if sizes else [],
    }


def _preferences(foreseen: "Forecast") -> list[dict[str, object]]:
    people: Counter[tuple[str | None, str | None]] = Counter()
    for one in foreseen.preferences:
        people[one.preferred[0] if one.preferred else None, one.chosen] += one.people
    rows: list[dict[str, object]] = [
        {"preferred": preferred, "told_in": chosen, "customers": count}
        for (preferred, chosen), count in people.most_common(_PREFERENCES)
    ]
    rest = people.total() - sum(count for _, count in people.most_common(_PREFERENCES))
    if rest:
        rows.append({"preferred": "others", "told_in": None, "customers": rest})
    return rows


def _advice(
    foreseen: "Forecast",
    charges: Sequence[Charge],
    ways: Ways,
    time: Mapping[str, Any],
    origin: Callable[[str, Sequence[str], int], str],
) -> "Sequence[Advice]":
    from broadcaster.planning import advice

    faults: Counter[str] = Counter()
    for told in foreseen.told:
        fault = ways.of(told.channel, told.place).fault
        if fault:
            faults[fault] += told.messages
    prices: Counter[str] = Counter()
    for charge in unknown(charges):
        way = said("%(provider)s to %(place)s", provider=charge.provider, place=charge.place)
        prices[way if charge.place else charge.provider] += charge.units
    return advice.ordered(
        [
            *advice.faulty(faults),
            *_late(foreseen, time),
            *advice.left_out(foreseen),
            *advice.languages(foreseen),
            *advice.unpriced(prices),
            *_savings(foreseen, origin),
        ]
    )


def _savings(
    foreseen: "Forecast", origin: Callable[[str, Sequence[str], int], str]
) -> "list[Advice]":
    from broadcaster.channels.savings import savings
    from broadcaster.planning.advice import wording

    texts: dict[str, dict[tuple[str, ...], int]] = {}
    for text, count in foreseen.sizes.texts.items():
        texts.setdefault(text.locale, {})[text.pieces] = count
    found = []
    for locale, mine in sorted(texts.items()):
        changes, looked = savings(mine)
        at_least = looked < sum(mine.values()) or bool(foreseen.sizes.unkept)
        found += [
            wording(
                one.what,
                locale,
                one.saved,
                at_least=at_least,
                characters=one.characters,
                instead=one.instead,
                count=one.count,
                whence=origin(locale, one.characters, one.count),
            )
            for one in changes
        ]
    return found


def _late(foreseen: "Forecast", time: Mapping[str, Any]) -> "list[Advice]":
    from broadcaster.planning.advice import lateness

    found = []
    expires = datetime.fromisoformat(time["expires"])
    for channel, span in time["channels"].items():
        end = datetime.fromisoformat(span["finishes"][1])
        if end > expires:
            over = (end - expires).total_seconds()
            unsent = round(foreseen.channels[Channel(channel)] * span["unsent"])
            found.append(lateness(channel, unsent, span["limited_by"], round(over / 60)))
    return found
