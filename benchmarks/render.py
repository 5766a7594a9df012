"""How fast messages are made: filled skeletons against a full render for each reader.

Prints ratios first, then raw figures in messages a second of one core's time, and the conditions.
Takes some seven seconds: `python benchmarks/render.py`.
"""

import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from broadcaster.channels.sms import measure
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.message import Channel, Content, FilledEmail, SmsContent
from broadcaster.ports import Reader
from broadcaster.render.renderer import TemplateRenderer

_ROOT = Path(__file__).parents[1]
_SECONDS, _TIMES = 0.08, 3
_NAMES = ("Fatima-Zahra El Ouazzani", "عائشة بنعلي", "Driss", "Zoé Bénédicte", "")
#: A text message that greets: the shipped ones are the same for everybody.
_GREETING = {
    "kind.toml": 'channels = ["sms"]\n[facts.sender]\ndefault = "Lydec"\n',
    "sms/body.txt": "{{ facts.sender }}: {% if reader.name %}{{ reader.name }},{% endif %} look at"
    " {{ reader.page_url }}",
}


def _readers(count: int) -> list[Reader]:
    return [
        Reader(
            name=_NAMES[number % len(_NAMES)],
            number=f"{number:07}",
            unsubscribe_url=f"https://example.test/unsubscribe/{number:08x}-1.k3jh4kj2h34kjh23k4jh",
            page_url="https://example.test/advisories/1",
        )
        for number in range(count)
    ]


def _advise(renderer: TemplateRenderer, kind: str) -> Advisory:
    found, start = renderer.kinds[kind], datetime(2026, 3, 20, 9, tzinfo=UTC)
    return Advisory(
        id=1,
        kind=kind,
        version=1,
        facts=found.resolve({}),
        message_class=found.message_class,
        severity=found.severity,
        urgency=found.urgency,
        certainty=found.certainty,
        effective=start,
        expires=start + timedelta(days=7),
    )


def _joined(make: Callable[[Reader], Content], reader: Reader) -> None:
    content = make(reader)
    if isinstance(content, FilledEmail):
        _ = content.subject, content.text, content.html


def _rate(make: Callable[[Reader], object], readers: Sequence[Reader]) -> float:
    """Measure the best of some rounds, in messages a second of processor time."""
    best, done, start = 0.0, 0, time.process_time()
    for _ in range(_TIMES):
        done, start = 0, time.process_time()
        while time.process_time() - start < _SECONDS:
            for reader in readers:
                make(reader)
            done += len(readers)
        best = max(best, done / (time.process_time() - start))
    return best


def _compare(renderer: TemplateRenderer, kind: str, channel: Channel, locale: str) -> str:
    advisory = _advise(renderer, kind)
    fill = renderer.prepare(advisory, channel, locale)
    full = _rate(partial(renderer.render, advisory, channel, locale), _readers(50))
    filled = _rate(fill, _readers(5000))
    joined = _rate(partial(_joined, fill), _readers(5000))
    line = f"{kind:16}{channel:7}{locale:4}{filled / full:8.0f} x{joined / full:8.0f} x"
    return f"{line}{full:14,.0f}{filled:14,.0f}{joined:14,.0f}"


def _sizes(renderer: TemplateRenderer, locale: str) -> str:
    """Measure what counting the segments of an SMS costs."""
    content = renderer.render(
        _advise(renderer, "remote_services"), Channel.SMS, locale, _readers(1)[0]
    )
    assert isinstance(content, SmsContent)
    body = content.body
    rate = _rate(lambda _: measure(body), _readers(1000))
    return f"measuring an SMS in {locale}: {rate:,.0f} a second"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in _GREETING.items():
            file = Path(folder) / "greeting" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        renderer = TemplateRenderer(
            [Path(folder), _ROOT / "templates"],
            [_ROOT / "locales"],
            default_locale="ar",
            time_zone="Africa/Casablanca",
        )
    heads = f"{'kind':16}{'':7}{'':4}{'filled':>10}{'joined':>10}"
    print(f"{heads}{'full/s':>14}{'filled/s':>14}{'joined/s':>14}")
    for locale in ("ar", "fr", "en"):
        for channel in (Channel.SMS, Channel.EMAIL, Channel.PUSH):
            print(_compare(renderer, "remote_services", channel, locale))
    print(_compare(renderer, "greeting", Channel.SMS, "en"))
    for locale in ("ar", "fr"):
        print(_sizes(renderer, locale))
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}; one process;")
    print(f"the best of {_TIMES} rounds of {_SECONDS} s of processor time, after the first reader")


if __name__ == "__main__":
    main()
