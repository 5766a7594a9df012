"""Seconds of the whole forecast of a campaign, and how many times as long rendering each SMS takes.

A PostgreSQL of its own, made and thrown away; customers made by SQL as in `planning`, with names of
many lengths, some of which GSM-7 can not write, and some numbers abroad. Two campaigns on three
channels: the founding notice, of which all readers of a locale get the same text, and one whose SMS
has the reader's name and a link of its own in it; that again when all people are sealed.
`python benchmarks/forecast.py` (50 thousand customers), `--full` (a million; the contract is below
3 seconds once warm), `--brief` (without sealing, and without rendering each).
"""

import math
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import planning
from broadcaster import bootstrap
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.message import Channel, Lane
from broadcaster.planning.forecast import Forecaster, Survey
from broadcaster.planning.foreseen import Forecast
from broadcaster.planning.measuring import Sizing
from broadcaster.ports import NewCampaign, Reader
from broadcaster.privacy import keyring
from broadcaster.privacy.rotation import Rotation
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.usage import FIELDS

_SIZES = {False: 50_000, True: 1_000_000}
_TIMES = {False: 3, True: 3}
_CHANNELS = (Channel.PUSH, Channel.EMAIL, Channel.SMS)
#: The contract, for a million customers on an idle machine, seconds.
_MOST = 3.0

_WATER = "{% if locale.script == 'Latn' %}Water{% else %}\u0627\u0644\u0645\u0627\u0621{% endif %}"
_PARTS = {
    "kind.toml": """
channels = ["email", "push", "sms"]
[label]
en = "Water cut off"
""",
    "sms/body.txt": (
        f"{_WATER}{{% if locale.script == 'Latn' %}} is cut off in your street on Monday from 9 to "
        "16 h. Keep some, please{% endif %}, {{ reader.name }}: {{ reader.unsubscribe_url }}\n"
    ),
    "push/title.txt": f"{_WATER}\n",
    "push/body.txt": f"{_WATER}\n",
    "email/subject.txt": f"{_WATER}\n",
    "email/body.txt": f"{_WATER}\n\n{{{{ reader.unsubscribe_url }}}}\n",
    "email/body.mjml": (
        '<mjml lang="{{ locale.lang }}" dir="{{ locale.direction }}"><mj-body><mj-section>'
        f'<mj-column><mj-text>{_WATER} <a href="{{{{ reader.unsubscribe_url }}}}">-</a></mj-text>'
        "</mj-column></mj-section></mj-body></mjml>\n"
    ),
}

# 29 lengths of names in each script; every seventh has a letter that GSM-7 has not.
NAMES = """
UPDATE customer SET
    name_latin = initcap(
            rtrim(substr('fatima zahra benali el ouazzani', 1, 3 + (id % 29)::integer)))
        || CASE id % 7 WHEN 0 THEN 'ê' ELSE '' END,
    name = rtrim(substr('محمد عبد الرحيم بن ادريس العلوي', 1, 3 + (id % 29)::integer))
"""
ABROAD = """
UPDATE address SET value = '+336' || substr(value, 6)
WHERE channel = 'sms' AND id % 50 = 0
"""


class Looking(TemplateRenderer):
    """A renderer that says of no text what differs in it: so each message is rendered."""

    def fields(self, advisory: Advisory, channel: Channel) -> Sequence[str]:
        """Say that anything may differ."""
        del advisory, channel
        return FIELDS

    def pieces(
        self, advisory: Advisory, channel: Channel, locale: str
    ) -> Callable[[Reader], Sequence[str] | None]:
        """Say nothing."""
        del advisory, channel, locale
        return lambda _: None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What was measured of a campaign; seconds are medians, memory MB."""

    name: str
    customers: int
    counts: float
    whole: float
    each: float
    segments: int
    rendered: int
    memory: float


def _measured(
    runtime: bootstrap.Runtime, campaign: Campaign, times: int, *, brief: bool = False
) -> Row:
    counts, whole = [], []
    figures: Mapping[str, Any] = {}
    bootstrap.foresee(runtime, campaign)
    before = _peak()
    for _ in range(times):
        counts.append(_seconds(lambda: runtime.forecaster.forecast(campaign.id)))
        begun = time.perf_counter()
        figures = bootstrap.foresee(runtime, campaign)
        whole.append(time.perf_counter() - begun)
    memory = _peak() - before
    begun = time.perf_counter()
    if not brief:
        found = _each(runtime, campaign)
        if found.segments != figures["segments"]:
            counted = figures["segments"]
            message = f"{found.segments} segments by rendering each, {counted} by groups"
            raise AssertionError(message)
    each = math.nan if brief else time.perf_counter() - begun
    return Row(
        name=campaign.name,
        customers=figures["customers"],
        counts=statistics.median(counts),
        whole=statistics.median(whole),
        each=each,
        segments=figures["segments"],
        rendered=figures["sms"]["rendered"],
        memory=memory,
    )


def _each(runtime: bootstrap.Runtime, campaign: Campaign) -> Forecast:
    """Forecast by rendering the SMS of each customer."""
    settings = runtime.settings
    looking = Looking(
        [*settings.templates, bootstrap.shipped("templates")],
        [*settings.locales, bootstrap.shipped("locales")],
        default_locale=settings.default_locale,
        time_zone=settings.time_zone,
    )
    sizing = Sizing(measure=runtime.drafting.measure, links=runtime.links)
    forecaster = Forecaster(runtime.pool, runtime.audience, looking, sizing, runtime.vault)
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    return forecaster.forecast(campaign.id, Survey(advisory=advisory))


def _draft(runtime: bootstrap.Runtime, kind: str) -> Campaign:
    now = runtime.clock.now()
    held = runtime.renderer.kinds[kind]
    new = NewCampaign(
        name=kind,
        kind=kind,
        facts=held.resolve({}),
        message_class=held.message_class,
        severity=held.severity,
        urgency=held.urgency,
        certainty=held.certainty,
        effective=now,
        expires=now + timedelta(days=3),
        segment="everybody",
        expression="all",
        channels=_CHANNELS,
        lane=Lane.ROUTINE,
        drill=True,
        scheduled_at=None,
        created_by="benchmark",
    )
    return runtime.campaigns.get(str(runtime.campaigns.create(new, now)))


def write_kind(folder: Path) -> None:
    """Write the kind whose SMS has a name and a link in it."""
    for name, text in _PARTS.items():
        file = folder / "with_name" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _seal(runtime: bootstrap.Runtime) -> None:
    """Have all people sealed, as they are by default."""
    keyring.add(runtime.settings.data_key_file)
    runtime.vault.reload()
    rotation = Rotation(runtime.pool, runtime.vault)
    rotation.begin("benchmark")
    for _ in rotation.run():
        pass
    with psycopg.connect(runtime.database_url, autocommit=True) as connection:
        connection.execute("VACUUM FULL ANALYZE")


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print; rendering each message is the same question answered the long way."""
    full, brief = "--full" in sys.argv[1:], "--brief" in sys.argv[1:]
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="forecast-") as folder:
        write_kind(Path(folder))
        os.environ["BROADCASTER_TEMPLATES"] = folder
        with planning.town() as made:
            made.grow(_SIZES[full])
            with psycopg.connect(made.runtime.database_url, autocommit=True) as connection:
                for statement in (NAMES, ABROAD, "VACUUM FULL ANALYZE"):
                    connection.execute(statement)
            campaigns = [_draft(made.runtime, kind) for kind in ("remote_services", "with_name")]
            rows = [_measured(made.runtime, one, _TIMES[full], brief=brief) for one in campaigns]
            learnt = math.nan
            if not brief:
                _seal(made.runtime)
                learnt = _seconds(lambda: bootstrap.foresee(made.runtime, campaigns[-1]))
                sealed = _measured(made.runtime, campaigns[-1], _TIMES[full])
                rows.append(replace(sealed, name="with_name, sealed"))
    print(
        "campaign           customers  counts s  whole s  each s  ratio   segments  rendered   MB"
    )
    for row in rows:
        print(
            f"{row.name:<17}  {row.customers:>9,}  {row.counts:>8.2f}  {row.whole:>7.2f}  "
            f"{row.each:>6.2f}  {row.each / row.whole:>5.1f}  {row.segments:>9,}  "
            f"{row.rendered:>8,}  {row.memory:>3.0f}"
        )
    if not brief:
        print(f"The first forecast of sealed people, which opens each once, took {learnt:.2f} s.")
    if full:
        worst = max(row.whole for row in rows)
        verdict = "within" if worst <= _MOST else "BEYOND"
        print(f"The slowest whole forecast takes {worst:.2f} s, {verdict} {_MOST:.0f} s.")
    print(
        "counts: who is told where; whole: with segments, cost, time and advice; each: the SMS of "
        "every customer rendered."
    )
    print(
        f"Conditions: {'full' if full else 'short'} form, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, load {load_before:.1f} before."
    )


if __name__ == "__main__":
    main()
