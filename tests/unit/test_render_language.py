"""Plurals, dates, ranges, amounts, lists and places, as each region writes them."""

from pathlib import Path

import pytest
from markupsafe import Markup

from broadcaster.channels.sms import measure
from broadcaster.domain.message import Channel, EmailContent
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.render.formats import listing
from broadcaster.render.locales import load_locales
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.values import Shown, Surface
from tests.small_kinds import ROOT, make_own, render_own, say, texts_of

_COUNT = '[facts.count]\ntype = "number"\nsample = 1\n'
_HOURS = '{% from "_base/counts.txt" import hours %}{{ hours(facts.count) }}'
_DAYS = '{% from "_base/counts.txt" import days %}{{ days(facts.count) }}'


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> TemplateRenderer:
    """Make a kind that counts hours in its SMS."""
    return make_own(tmp_path_factory.mktemp("hours"), _COUNT, _HOURS)


@pytest.fixture(scope="module")
def daily(tmp_path_factory: pytest.TempPathFactory) -> TemplateRenderer:
    """Make a kind that counts days in its SMS."""
    return make_own(tmp_path_factory.mktemp("days"), _COUNT, _DAYS)


@pytest.mark.parametrize(
    ("tag", "count", "hours", "days"),
    [
        ("ar", 0, "لمدة 0 ساعة", "لمدة 0 يوم"),
        ("ar", 1, "لمدة ساعة واحدة", "لمدة يوم واحد"),
        ("ar", 2, "لمدة ساعتين", "لمدة يومين"),
        ("ar", 3, "لمدة 3 ساعات", "لمدة 3 أيام"),
        ("ar", 10, "لمدة 10 ساعات", "لمدة 10 أيام"),
        ("ar", 11, "لمدة 11 ساعة", "لمدة 11 يوما"),
        ("ar", 99, "لمدة 99 ساعة", "لمدة 99 يوما"),
        ("ar", 100, "لمدة 100 ساعة", "لمدة 100 يوم"),
        ("ar", 102, "لمدة 102 ساعة", "لمدة 102 يوم"),
        ("ar", 103, "لمدة 103 ساعات", "لمدة 103 أيام"),
        ("ar", 1111, "لمدة 1.111 ساعة", "لمدة 1.111 يوما"),
        ("fr", 0, "pendant 0 heure", "pendant 0 jour"),
        ("fr", 1, "pendant 1 heure", "pendant 1 jour"),
        ("fr", 2, "pendant 2 heures", "pendant 2 jours"),
        ("fr", 1111, "pendant 1 111 heures", "pendant 1 111 jours"),
        ("en", 0, "for 0 hours", "for 0 days"),
        ("en", 1, "for one hour", "for one day"),
        ("en", 1111, "for 1,111 hours", "for 1,111 days"),
    ],
)
def test_counts_take_their_words(
    counting: TemplateRenderer,
    daily: TemplateRenderer,
    tag: str,
    count: int,
    hours: str,
    days: str,
) -> None:
    """Through the shipped catalogues each count has the words of its plural category."""
    assert say(counting, tag, {"count": count}) == hours
    assert say(daily, tag, {"count": count}) == days


def test_a_fraction_has_no_plural_form(counting: TemplateRenderer) -> None:
    """What is counted is whole: gettext has no form for one and a half."""
    with pytest.raises(ConfigurationError, match=r"counts 1\.5. Count whole things"):
        say(counting, "ar", {"count": 1.5})


_MOMENT = '[facts.at]\ntype = "datetime"\nsample = "2026-08-01T20:30:00Z"\n'
_DATES = (
    "{{ facts.at|date }}; {{ facts.at|short_date }}; {{ facts.at|weekday_date }}; "
    "{{ facts.at|day }}; {{ facts.at|time }}"
)


@pytest.mark.parametrize(
    ("tag", "at", "sms", "text"),
    [
        (
            "ar",
            "2026-08-01T20:30:00Z",
            "1 غشت 2026; 1/8/2026; السبت، 1 غشت; 1 غشت; 21:30",
            "1 غشت 2026; \u20661/8/2026\u2069; السبت، 1 غشت; 1 غشت; \u206621:30\u2069",
        ),
        (
            # GSM-7 has no letter for the month: a word would make it three times as dear.
            "fr",
            "2026-08-01T20:30:00Z",
            "01/08/2026; 01/08/2026; 01/08; 01/08; 21:30",
            "1er août 2026; 01/08/2026; samedi 1er août; 1er août; 21:30",
        ),
        (
            "fr",
            "2026-12-21T20:30:00Z",
            "21 décembre 2026; 21/12/2026; lundi 21 décembre; 21 décembre; 21:30",
            "21 décembre 2026; 21/12/2026; lundi 21 décembre; 21 décembre; 21:30",
        ),
        (
            "en",
            "2026-08-01T20:30:00Z",
            "1 August 2026; 01/08/2026; Saturday 1 August; 1 August; 21:30",
            "1 August 2026; 01/08/2026; Saturday 1 August; 1 August; 21:30",
        ),
        (
            # Midnight in Casablanca is the next day.
            "en",
            "2026-08-01T23:30:00Z",
            "2 August 2026; 02/08/2026; Sunday 2 August; 2 August; 00:30",
            "2 August 2026; 02/08/2026; Sunday 2 August; 2 August; 00:30",
        ),
        (
            # During Ramadan the clocks of Morocco stand an hour earlier.
            "fr",
            "2026-02-20T08:30:00Z",
            "20 février 2026; 20/02/2026; vendredi 20 février; 20 février; 08:30",
            "20 février 2026; 20/02/2026; vendredi 20 février; 20 février; 08:30",
        ),
    ],
)
def test_dates_are_those_of_the_region(
    tmp_path: Path, tag: str, at: str, sms: str, text: str
) -> None:
    """Dates have the months of Morocco, days before months, and no marks of their own."""
    renderer = make_own(tmp_path, _MOMENT, _DATES, channels=("sms", "email"))
    assert say(renderer, tag, {"at": at}) == sms
    mail = render_own(renderer, Channel.EMAIL, tag, {"at": at})
    assert isinstance(mail, EmailContent)
    assert mail.subject == text


_AMOUNTS = '[facts.money]\ntype = "money"\nsample = {{ amount = "{}", currency = "{}" }}\n'


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        (
            "1234.50",
            "MAD",
            {
                "ar": ("1.234,50 درهم مغربي", "\u20661.234,50\u2069 درهم مغربي"),
                "fr": ("1 234,50 MAD", "1\u202f234,50\u00a0MAD"),
                "en": ("MAD 1,234.50", "MAD\u00a01,234.50"),
            },
        ),
        (
            "-0.5",
            "EUR",
            {
                "ar": ("\u200e-0,50\u200e يورو", "\u2066-0,50\u2069 يورو"),
                "fr": ("-0,50 EUR", "-0,50\u00a0€"),
                "en": ("-EUR 0.50", "-€0.50"),
            },
        ),
        (
            "500",
            "JPY",
            {
                "ar": ("500 ين ياباني", "\u2066500\u2069 ين ياباني"),
                "fr": ("500 JPY", "500\u00a0JPY"),
                "en": ("JPY 500", "JP¥500"),
            },
        ),
    ],
)
def test_money_is_written_as_the_region_does(
    tmp_path: Path, amount: str, currency: str, told: dict[str, tuple[str, str]]
) -> None:
    """Money has the currency's decimals; in Arabic its name, in an SMS in Latin script its code."""
    renderer = make_own(
        tmp_path,
        _AMOUNTS.format(amount, currency),
        "{{ facts.money|money }}",
        channels=("sms", "email"),
    )
    for tag, (sms, text) in told.items():
        assert say(renderer, tag) == sms
        mail = render_own(renderer, Channel.EMAIL, tag)
        assert isinstance(mail, EmailContent)
        assert mail.subject == text.replace("\u00a0", " ").replace("\u202f", " ")
        assert measure(sms).encoding == ("UCS-2" if tag == "ar" else "GSM-7")


_PLACES = (
    '[facts.where]\ntype = "places"\n'
    'sample = [{ und = "Maarif", ar = "المعاريف" }, "Hay (B)", "12 rue A", "Bd Zerktouni"]\n'
)


@pytest.mark.parametrize(
    ("tag", "sms", "subject"),
    [
        (
            "ar",
            "المعاريف و\u200eHay (B)\u200e و\u200e12 rue A\u200e وBd Zerktouni",
            "المعاريف و\u2068Hay (B)\u2069 و\u206812 rue A\u2069 و\u2068Bd Zerktouni\u2069",
        ),
        ("fr", *["Maarif, Hay (B), 12 rue A et Bd Zerktouni"] * 2),
        ("en", *["Maarif, Hay (B), 12 rue A and Bd Zerktouni"] * 2),
    ],
)
def test_places_have_the_names_of_the_reader(
    tmp_path: Path, tag: str, sms: str, subject: str
) -> None:
    """A place has its name in the reader's language, and the list is joined as that does.

    In an Arabic SMS only what would fall apart costs two marks.
    """
    body = "{{ facts.where|listing }}"
    renderer = make_own(tmp_path, _PLACES, body, channels=("sms", "email"))
    assert say(renderer, tag) == sms
    assert texts_of(render_own(renderer, Channel.EMAIL, tag))[0] == subject


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ("Anfa", "Oasis y Anfa"),
        ("Inezgane", "Oasis e Inezgane"),
        ("Hippodrome", "Oasis e Hippodrome"),
        ("Hierro", "Oasis y Hierro"),
    ],
)
def test_spanish_says_e_for_y_before_the_same_sound(last: str, told: str) -> None:
    """Spanish joins a list by ear."""
    values = [Shown(text, text, Markup.escape(text)) for text in ("Oasis", last)]
    locales, _ = load_locales([ROOT / "locales"], "ar")
    assert listing(values, Surface.TEXT, locales["es"]) == told


_RANGE = (
    '[facts.starts]\ntype = "datetime"\nsample = "2026-05-01T07:00:00Z"\n'
    '[facts.ends]\ntype = "datetime"\nsample = "2026-05-01T13:00:00Z"\n'
)


@pytest.mark.parametrize(
    ("channel", "time", "street"),
    [
        (Channel.SMS, "{}", "\u200e{}\u200e"),
        (Channel.PUSH, "\u2066{}\u2069", "\u2068{}\u2069"),
        (Channel.EMAIL, '<span dir="ltr">{}</span>', '<span dir="auto">{}</span>'),
        (Channel.WEB, '<bdi dir="ltr">{}</bdi>', "<bdi>{}</bdi>"),
    ],
)
def test_every_channel_keeps_a_range_and_a_list_in_order(
    tmp_path: Path, channel: Channel, time: str, street: str
) -> None:
    """In Arabic each channel sets apart by its own means what would change places."""
    body = '{% from "_base/phrases.txt" import span %}{{ span(facts.starts, facts.ends) }}. '
    renderer = make_own(
        tmp_path, _RANGE + _PLACES, body + "{{ facts.where|listing }}.", channels=(channel.value,)
    )
    first, last = time.format("08:00"), time.format("14:00")
    said = texts_of(render_own(renderer, channel, "ar"))[-1]
    assert f"يوم 1 ماي من {first} إلى {last}. المعاريف و{street.format('Hay (B)')} و" in said


def test_a_place_without_a_name_for_the_reader_is_refused(tmp_path: Path) -> None:
    """A name that is there in one language alone is asked for in the others."""
    renderer = make_own(tmp_path, _PLACES, "{{ facts.where|listing }}")
    with pytest.raises(InvalidInputError, match=r"facts\.where: has no name for en, es, fr"):
        say(renderer, "fr", {"where": [{"ar": "المعاريف"}, "Anfa"]})
