"""SMS segments are forecast by forms of names, and come out as the messages do that are sent."""

import random
import re
from collections import Counter
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadcaster.audience.store import Customers
from broadcaster.channels import graphemes, sms
from broadcaster.channels.sms import measure
from broadcaster.dispatch.drafting import Drafting
from broadcaster.dispatch.links import Links
from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.message import Channel, Scheme, SmsContent
from broadcaster.planning import contributions
from broadcaster.planning.destinations import Destinations
from broadcaster.planning.forecast import Forecaster, Survey
from broadcaster.planning.foreseen import Forecast
from broadcaster.planning.measuring import Sizing
from broadcaster.planning.planner import Planner
from broadcaster.ports import NO_KEYS, Reader, Vault
from broadcaster.privacy.rotation import Rotation
from broadcaster.render.holes import cleaner
from broadcaster.render.renderer import TemplateRenderer
from tests import skeletons, vaults
from tests.builders import NOON, address, customer
from tests.rows import TTL, Everybody, Pool, Rows
from tests.skeleton_sources import NAMES

_LINKS = Links(public_url="https://b.test", key=b"k" * 32)
_PATTERNS = {name: str(text) for name, text in contributions.values().items()}
_BASIC = re.compile(_PATTERNS["form_basic"])
_OTHER = re.compile(_PATTERNS["form_other"])
_PLAIN = st.from_regex(_OTHER, fullmatch=True).filter(lambda text: len(text) < 100)
#: What may stand around a name: borders, escape pairs, surrogate pairs, marks that join.
_AROUND = st.lists(
    st.sampled_from(
        (
            "a" * 147,
            "a" * 60,
            "€",
            "[",
            "é",
            "ê",
            "م",
            "\u0301",
            "\u064b",
            "😀",
            "👩\u200d",
            "🇲",
            "\u1100",
            "\u0600",
            " ",
            "\n",
            "x",
        )
    ),
    max_size=6,
).map("".join)


def test_plain_characters_are_alone_and_no_step_changes_them() -> None:
    """Each is one UTF-16 unit, one cluster, and its own normal form; the basic ones are GSM-7."""
    plain = [chr(code) for code in range(32, 0x3000) if _OTHER.fullmatch(chr(code))]
    assert len(plain) > 300
    for character in plain:
        assert graphemes._class(character).name == "OTHER"
        assert sms._ALONE.fullmatch(character)
        assert (measure(character).encoding == "GSM-7") is bool(_BASIC.fullmatch(character))
        assert measure(character).units == 1
    text = " ".join(plain)
    assert cleaner("name")(_reader(text[:99].strip())) == text[:99].strip()


def _reader(name: str) -> Reader:
    return Reader(name=name, number="", unsubscribe_url="", page_url="")


@given(before=_AROUND, name=_PLAIN, between=_AROUND, after=_AROUND)
@example(before="a" * 152, name="ê", between="€", after="")
def test_names_of_one_form_make_texts_of_one_size(
    before: str, name: str, between: str, after: str
) -> None:
    """Wherever they stand, however often, and whatever stands beside them."""
    likewise = contributions.example(contributions.form(name))
    texts = [f"{before}{one}{between}{one}{after}" for one in (name, likewise)]
    sizes = [measure(text) for text in texts]
    assert sizes[0] == sizes[1]


_SOURCES = {
    "{{ facts.sender }}: the same for all.": False,
    "{{ reader.name }}": False,
    "Dear {{ reader.name }}, " + "x" * 140 + "{{ reader.number }}€": False,
    "Dear {{ reader.name|escape }} " + "[" * 76: False,
    "{% if reader.name %}Dear {{ reader.name }}. {% endif %}{{ reader.unsubscribe_url }}": False,
    "x" * 100 + "{{ reader.page_url }} {{ reader.unsubscribe_url }} {{ reader.name }}😀": False,
    "{% set t %}{{ reader.name }}{% endset %}{% if t|length > 5 %}A{% else %}"
    + "b" * 161
    + "{% endif %}": True,
}


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give three locales of made-up words."""
    folder = tmp_path_factory.mktemp("locales")
    skeletons.write_locales(folder)
    return folder


@pytest.mark.parametrize(("source", "plan"), [*zip(_SOURCES, cycle(ChannelPlan), strict=False)])
def test_segments_are_those_of_every_message_rendered(
    pool: Pool, tmp_path: Path, locales: Path, source: str, plan: ChannelPlan
) -> None:
    """By locale, country and in all, with odd names, shared addresses and links of every length."""
    skeletons.write_kind(
        tmp_path, {"sms/body.txt": source, "push/title.txt": "t", "push/body.txt": "b"}
    )
    renderer = skeletons.make(tmp_path, locales)
    rows = Rows(pool)
    rows.save(invent(len(source) * 7))
    channels = (Channel.PUSH, Channel.SMS)
    campaign = rows.launched(
        kind="made",
        facts=renderer.kinds["made"].resolve({}),
        channels=channels,
        channel_plan=plan,
        escalate_after=(10,) if plan is ChannelPlan.ESCALATE else (),
    )
    foreseen = foresee(rows, renderer, campaign)
    Planner(pool, Everybody(), renderer, batch_size=50).plan(campaign, NOON)
    sent = sent_messages(rows, renderer, campaign)

    assert foreseen.each is _SOURCES[source]
    assert foreseen.segments == sum(units for *_, units in sent) > 0
    found = Counter[tuple[str, str]]()
    for locale, number, units in sent:
        found[locale, place(number)] += units
    by_sms = [one for one in foreseen.told if one.channel is Channel.SMS]
    assert {(one.locale, one.place): one.units for one in by_sms} == found
    assert sum(one.messages for one in by_sms) == len(sent) == foreseen.channels[Channel.SMS]
    if plan is ChannelPlan.ESCALATE:
        assert foreseen.steps[1].segments >= foreseen.steps[1].channels[Channel.SMS] > 0


def test_sealed_people_are_forecast_as_plain_ones(
    pool: Pool, tmp_path: Path, locales: Path
) -> None:
    """Odd names are opened, of others the form is kept; a new name has its new form."""
    source = "Dear {{ reader.name }} " + "x" * 140
    skeletons.write_kind(tmp_path, {"sms/body.txt": source})
    renderer = skeletons.make(tmp_path, locales)
    rows = Rows(pool)
    rows.save(invent(5))
    draft = rows.draft(kind="made", facts=renderer.kinds["made"].resolve({}))
    plain = foresee(rows, renderer, draft)

    keys = vaults.sealed(pool, 1)
    sum(Rotation(pool, keys).run())
    assert rows.ask("SELECT count(*) FROM customer WHERE name IS NOT NULL") == [(0,)]
    for _ in range(2):
        sealed = foresee(rows, renderer, draft, keys)
        assert (sealed.told, sealed.segments) == (plain.told, plain.segments)
    forms = {form for row in rows.ask("SELECT name_form, latin_form FROM customer") for form in row}
    assert forms >= {"g5", "u5", "o", None}
    assert all(form is None or re.fullmatch(r"[gu]\d+|o", form) for form in forms)
    places = {place for (place,) in rows.ask("SELECT place FROM address WHERE channel = 'sms'")}
    assert max(map(len, places)) == 8

    Customers(pool, keys).save([customer(1, name="Z" * 60, name_latin="Z" * 60)])
    renamed = foresee(rows, renderer, draft, keys)
    assert renamed.segments == plain.segments + 1


def invent(seed: int) -> list[CustomerRecord]:
    """Invent customers with plain and odd names, at home and abroad."""
    dice = random.Random(seed)  # noqa: S311  (a repeatable invention)
    odd = [
        "",
        "a  b",
        "O'Neil & Ĥ",
        "x" * 99 + " y",
        "é" * 120,
        "e\u0301t",
        "L’Été",
        "عائشة بنت",
        "👩\u200d👧",
        "N'Diaye",
        "ⴰⵎⵉⵏⴰ",
        "\u200eAli",
        "Ali [home]",
    ]
    names = ["Amina", "Salma Bennani", "Çelik", "Benoît", "Zoé", "أمينة", "محمد العلوي", *odd]
    people = []
    for number in range(1, 121):
        tel = address(Scheme.TEL, number)
        if number % 9 == 0:
            tel = type(tel)(scheme=Scheme.TEL, value=f"+336{number:08d}", keys={})
        elif number % 11 == 0:
            tel = type(tel)(scheme=Scheme.TEL, value=f"+2126610{number:05d}", keys={})
        push = (address(Scheme.WEBPUSH, number),) if number % 4 == 0 else ()
        shared = (address(Scheme.TEL, number - 1),) if number % 13 == 0 else (tel,)
        people.append(
            customer(
                number,
                name=dice.choice(names),
                name_latin=dice.choice([None, *names]),
                locales=(dice.choice(skeletons.TAGS),),
                addresses=(*shared, *push),
            )
        )
    return people


def place(number: str) -> str:
    """Say by the plain rule what is told apart in the test."""
    return "+21266" if number.startswith("+21266") else number[:4]


def foresee(
    rows: Rows, renderer: TemplateRenderer, campaign: int, keys: Vault = NO_KEYS
) -> Forecast:
    """Forecast with sizes."""
    sizing = Sizing(measure=measure, links=_LINKS)
    found = rows.campaigns.get(str(campaign))
    survey = Survey(
        advisory=rows.ledger.advisory(found.advisory_id),
        destinations=Destinations(home="+212", prefixes=frozenset({"+21266", "+33"})),
    )
    forecaster = Forecaster(rows.pool, Everybody(), renderer, sizing, keys)
    return forecaster.forecast(campaign, survey)


def sent_messages(
    rows: Rows, renderer: TemplateRenderer, campaign: int
) -> list[tuple[str, str, int]]:
    """Render every SMS as a batch does; locale, number and segments."""
    found = rows.campaigns.get(str(campaign))
    advisory = rows.ledger.advisory(found.advisory_id)
    sent = []
    for batch in rows.batches(campaign):
        lease = rows.ledger.lease(batch, NOON, TTL)
        assert lease is not None
        desk = Drafting(renderer=renderer, links=_LINKS, measure=measure).desk(found, advisory)
        for pending in rows.ledger.pending(lease, NOON + timedelta(seconds=1), 1000):
            message = desk.draft(pending)
            assert message is not None
            if isinstance(message.content, SmsContent):
                sent.append((message.locale, message.address.value, message.units))
    return sent


@given(name=NAMES)
def test_every_name_has_a_form_whose_example_has_that_form(name: str) -> None:
    """Also the odd ones, which stand for themselves."""
    found = contributions.form(name)
    assert contributions.form(contributions.example(found)) == found
