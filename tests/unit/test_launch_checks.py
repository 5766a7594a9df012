"""Each check before a launch: what it finds, and that it finds nothing where nothing is wrong."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from broadcaster.channels.sms import measure
from broadcaster.domain import readiness
from broadcaster.domain.advisory import Advisory, MessageType, Urgency
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel, Lane, MessageClass
from broadcaster.domain.readiness import Check, Concern, Moment, Wanted
from broadcaster.domain.wording import Written, key
from broadcaster.render.check import KindChecker, sample_advisory
from broadcaster.render.launch_check import TextChecker, moments, wanted
from broadcaster.render.renderer import TemplateRenderer
from tests import builders, wordings
from tests.builders import NOON

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> TemplateRenderer:
    """Render the made-up kind, which has no texts to translate."""
    return wordings.renderer(wordings.write_kind(tmp_path_factory.mktemp("kinds")))


def checker(texts: TemplateRenderer, *hosts: str) -> TextChecker:
    """Make what looks at texts."""
    counting = KindChecker(renderer=texts, measure=measure)
    return TextChecker(checker=counting, hosts=hosts, origin="https://advisories.lydec.test")


def look(texts: TemplateRenderer, advised: Advisory, *hosts: str, tag: str = "fr") -> list[Concern]:
    """Check one locale of an advisory, as one that somebody needs, on all channels."""
    looking = checker(texts, *hosts)
    return list(dict.fromkeys(looking.locale(advised, tag, DELIVERY_CHANNELS, needed=True)))


def told(found: list[Concern]) -> set[tuple[Check, bool, str]]:
    """Give check, whether it blocks, and the part."""
    return {(one.check, one.blocks, one.part) for one in found}


@pytest.mark.parametrize("tag", ["ar", "fr", "en"])
def test_a_clean_advisory_has_no_concern(texts: TemplateRenderer, tag: str) -> None:
    """Nothing is found where nothing is wrong, wording or not."""
    advised = wordings.advisory(texts)
    assert look(texts, advised, tag=tag) == []
    clean = "{{ facts.sender }}: (x) {{ facts.call_centre }}, {{ facts.online|bare_url }}."
    assert look(texts, wordings.worded(advised, "sms/body.txt", clean, tag), tag=tag) == []


@pytest.mark.parametrize(
    ("text", "tag", "check", "problem"),
    [
        ("Sans numéro.", "fr", Check.TEXT, "does not show the contact call_centre"),
        ("{{ facts.call_centre }}" + " mot" * 200, "fr", Check.TEXT, "takes 6 segments"),
        ("{{ facts.call_centre }} x\u200by", "fr", Check.HIDDEN, "U+200B"),
        ("{{ facts.call_centre }} x\u00ady", "fr", Check.HIDDEN, "U+00AD"),
        ("{{ facts.call_centre }} x\u3164y", "fr", Check.HIDDEN, "U+3164"),
        ("ليدك {{ facts.call_centre }} \u202eabc", "ar", Check.HIDDEN, "U+202E"),
        ("ليدك {{ facts.call_centre }} )ماء(", "ar", Check.TEXT, "')' without"),
        ("ليدك {{ facts.call_centre }} (ماء", "ar", Check.TEXT, "'(' without"),
        ("{{ facts.call_centre }} https://bit.ly/x", "fr", Check.LINK, "https://bit.ly"),
        ("{{ facts.call_centre }} bit.ly/x", "fr", Check.LINK, "bit.ly"),
        ("{{ facts.call_centre }} www.exemple.travel", "fr", Check.LINK, "www.exemple.travel"),
        ("{{ facts.call_centre }} http://client.lydec.ma", "fr", Check.LINK, "http://client"),
        ("{{ facts.call_centre }} https://client.lydec.ma@evil.com", "fr", Check.LINK, "evil.com"),
        ("{{ facts.call_centre }} client.lydec.ma.evil.com", "fr", Check.LINK, "evil.com"),
        ("{{ facts.call_centre }} https://clіent.lydec.ma.co", "fr", Check.LINK, "not ours"),
        ("{{ facts.call_centre }} info@lydec.com", "fr", Check.LINK, "info@lydec.com"),
        ("{{ facts.call_centre }} ou 0899 00-00-00", "fr", Check.LINK, "'0899 00-00-00'"),
        ("ليدك {{ facts.call_centre }} ٠٨٩٩٠٠٠٠٠٠", "ar", Check.LINK, "written by hand"),
        ("ليدك {{ facts.call_centre }} 8-12", "ar", Check.TEXT, "wrongly"),
    ],
)
def test_a_text_that_nobody_should_get_blocks(
    texts: TemplateRenderer, text: str, tag: str, check: Check, problem: str
) -> None:
    """Each fault of a text is told with part, locale and remedy, and blocks."""
    advised = wordings.worded(wordings.advisory(texts), "sms/body.txt", text, tag)
    everything = [*look(texts, advised, tag=tag), *checker(texts).wording(advised, {})]
    found = [one for one in everything if problem in one.problem]
    assert told(found) == {(check, True, "sms/body.txt")}
    assert all(one.remedy and one.locale == tag for one in found)


@pytest.mark.parametrize(
    ("text", "expected", "problem"),
    [
        ("Appelez le 0522 99 99 99", [True], "phone number '0522 99 99 99'"),
        ("Appelez le +212 522 99 99 99.", [True], "phone number '+212 522 99 99 99'"),
        ("اتصلوا ب ٠٥٢٢٩٩٩٩٩٩", [True], "phone number"),
        ("Écrivez à autre@client.lydec.ma", [True], "mailbox 'autre@client.lydec.ma'"),
        ("Appelez le 0522 31 20 20", [False], "which is facts.call_centre"),
        ("Appelez le +212522312020", [False], "which is facts.call_centre"),
        ("Voir client.lydec.ma.", [False], "which is facts.online"),
        ("Compte 123456789012", [False], "the number '123456789012'"),
        (
            "Le 21/03/2026, 01-05-2026, 2026-05-01, en 2025-2026, de 08:00 à 14:00, 1 200 m3",
            [],
            "",
        ),
    ],
)
def test_contacts_that_are_written_by_hand_are_told(
    texts: TemplateRenderer, text: str, expected: list[bool], problem: str
) -> None:
    """One that is no contact blocks; one that is, and another number, is a note; a date is none."""
    advised = wordings.worded(wordings.advisory(texts), "sms/body.txt", text)
    found = list(checker(texts).wording(advised, _written(texts, advised)))
    assert [one.blocks for one in found] == expected
    assert all(problem in one.problem and one.remedy for one in found)


def test_hosts_that_the_organisation_names_are_ours(texts: TemplateRenderer) -> None:
    """A host of the setting and its subdomains may be linked to, and the product's own pages."""
    text = "{{ facts.call_centre }} https://www.lydec.ma/a {{ reader.page_url }}"
    advised = wordings.worded(wordings.advisory(texts), "sms/body.txt", text)
    assert told(look(texts, advised)) == {(Check.LINK, True, "sms/body.txt")}
    assert look(texts, advised, "lydec.ma") == []


def test_a_contact_that_was_filled_in_anew_is_not_ours_by_that(texts: TemplateRenderer) -> None:
    """A web address from a file of facts is ours only where the setting or the kind says it."""
    text = "{{ facts.call_centre }} {{ facts.online }}"
    advised = wordings.advisory(texts, online="https://lydec-paiement.example")
    advised = wordings.worded(advised, "sms/body.txt", text)
    assert (Check.LINK, True, "sms/body.txt") in told(look(texts, advised))
    assert look(texts, advised, "lydec-paiement.example") == []


def test_what_only_some_readers_get_is_looked_at(texts: TemplateRenderer) -> None:
    """A branch for readers without a name is seen, and one that no sample reader takes."""
    nameless = "{{ facts.call_centre }}{% if not reader.name %} https://bit.ly/x{% endif %}"
    advised = wordings.worded(wordings.advisory(texts), "sms/body.txt", nameless)
    assert told(look(texts, advised)) == {(Check.LINK, True, "sms/body.txt")}
    odd = "{% if reader.name and not reader.number %}bit.ly/x a\u200bb{% endif %}"
    advised = wordings.worded(wordings.advisory(texts), "push/title.txt", odd)
    written = _written(texts, advised)
    assert told(list(checker(texts).wording(advised, written))) == {
        (Check.LINK, True, "push/title.txt"),
        (Check.HIDDEN, True, "push/title.txt"),
    }


def test_links_of_html_are_looked_at_where_they_lead(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """What mark-up leads to or loads counts, whatever its text says."""
    for target, ours in (
        ("https://client.lydec.ma/a", True),
        ("/advisories/1", True),
        ("#what", True),
        ("tel:+212522312020", True),
        ("//evil.com", False),
        ("javascript:alert(1)", False),
        ("https:\\\\evil.com", False),
        ("https&#58;//evil.com", False),
        ("http://client.lydec.ma", False),
        ("mailto:a@evil.com", False),
    ):
        page = f'<html lang="fr"><body><a href="{target}">{{{{ facts.call_centre }}}}</a></body>'
        for block in ("headline", "what", "todo"):
            page = page.replace("</body>", f"{{% block {block} %}}x{{% endblock %}}</body>")
        folder = wordings.write_kind(tmp_path_factory.mktemp("kinds"), {"web/page.html": page})
        texts = wordings.renderer(folder)
        found = told(look(texts, wordings.advisory(texts)))
        assert found == (set() if ours else {(Check.LINK, True, "web/page.html")}), target


def test_what_nobody_reads_does_not_block(texts: TemplateRenderer) -> None:
    """A fault of a locale or a channel that the campaign does not need is only noted."""
    advised = wordings.worded(wordings.advisory(texts), "sms/body.txt", "Rien.")
    looking = checker(texts)
    unneeded = looking.locale(advised, "fr", DELIVERY_CHANNELS, needed=False)
    by_push = looking.locale(advised, "fr", [Channel.PUSH], needed=True)
    assert told([*unneeded]) == told([*by_push]) == {(Check.TEXT, False, "sms/body.txt")}


def _written(texts: TemplateRenderer, advised: Advisory) -> Mapping[str, Written]:
    """Tell that all of an advisory's wording was written just now."""
    looking = checker(texts)
    return {
        name: Written(
            by="amina",
            at=NOON,
            instead_of=looking.own_hash(advised, *name.rsplit("/", 1)),
        )
        for name in advised.wording
    }


def test_stale_wording_is_told(texts: TemplateRenderer) -> None:
    """One that fits is no concern; one that was written instead of another text is noted."""
    advised = wordings.worded(wordings.advisory(texts), "sms/body.txt", "{{ facts.call_centre }}")
    written = _written(texts, advised)
    assert list(checker(texts).wording(advised, written)) == []
    # The kind's own text says the sender, which is another one now.
    changed = replace(advised, facts={**advised.facts, "sender": {"und": "Redal"}})
    (found,) = checker(texts).wording(changed, written)
    assert (found.check, found.blocks) == (Check.WORDING, False)
    (found,) = checker(texts).wording(advised, {})
    assert "before the kind's own text changed" in found.problem


def test_a_wording_that_does_not_fit_the_kind_any_more_blocks(texts: TemplateRenderer) -> None:
    """A fact that is gone blocks; a locale that is gone is noted, as nobody gets it."""
    advised = wordings.worded(wordings.advisory(texts), "sms/body.txt", "{{ facts.gone }}")
    (found,) = checker(texts).wording(advised, {})
    assert (found.check, found.blocks, found.locale) == (Check.WORDING, True, "fr")
    assert (Check.TEXT, True) in {(one.check, one.blocks) for one in look(texts, advised)}
    gone = wordings.worded(wordings.advisory(texts), "sms/body.txt", "x", "zgh")
    (found,) = checker(texts).wording(gone, {})
    assert (found.check, found.blocks) == (Check.WORDING, False)


@pytest.mark.parametrize(
    ("changes", "moment", "start", "expected"),
    [
        # Nothing is wrong.
        ({}, Moment(fact="back", at=NOON + 3 * HOUR, lapses=True), NOON, None),
        ({}, Moment(fact="ends", at=NOON + 3 * HOUR), NOON, None),
        ({"urgency": Urgency.PAST}, Moment(fact="since", at=NOON - HOUR), NOON, None),
        # A restoration that has passed, or passes before the start.
        ({}, Moment(fact="back", at=NOON - HOUR, lapses=True), NOON, (Check.LAPSED, True)),
        ({}, Moment(fact="back", at=NOON, lapses=True), NOON, (Check.LAPSED, True)),
        ({}, Moment(fact="back", at=NOON + HOUR, lapses=True), NOON, (Check.LAPSED, False)),
        # A validity beside its facts.
        ({"expires": NOON}, None, NOON, (Check.VALIDITY, True)),
        ({}, Moment(fact="ends", at=NOON + 99 * HOUR), NOON, (Check.VALIDITY, False)),
        ({}, Moment(fact="ends", at=NOON - HOUR), NOON, (Check.VALIDITY, False)),
        (
            {"urgency": Urgency.PAST},
            Moment(fact="since", at=NOON + HOUR),
            NOON,
            (Check.VALIDITY, False),
        ),
    ],
)
def test_times_are_compared_with_when_the_messages_leave(
    changes: Mapping[str, object],
    moment: Moment | None,
    start: datetime,
    expected: tuple[Check, bool] | None,
) -> None:
    """A time that has passed blocks; one that may, or that the validity leaves out, is noted."""
    advised = builders.advisory(**changes)
    given = [moment] if moment else []
    found = list(readiness.in_time(advised, given, start, NOON + 2 * HOUR))
    assert [(one.check, one.blocks) for one in found] == ([expected] if expected else [])
    assert all(one.place and one.remedy for one in found)


def test_a_cut_that_began_and_is_still_to_end_is_not_over() -> None:
    """The latest of all times counts, also one that lapses; times are those of the utility."""
    cut = [
        Moment(fact="since", at=NOON - HOUR),
        Moment(fact="restoration", at=NOON + 3 * HOUR, lapses=True),
    ]
    assert list(readiness.in_time(builders.advisory(), cut, NOON)) == []
    zone = ZoneInfo("Africa/Casablanca")
    (found,) = readiness.in_time(builders.advisory(), cut[:1], NOON, None, zone)
    assert (NOON - HOUR).astimezone(zone).isoformat(sep=" ", timespec="minutes") in found.problem


def test_moments_are_those_of_the_facts(texts: TemplateRenderer) -> None:
    """Times that lapse are marked; each is in UTC."""
    kind = texts.kinds["made"]
    found = moments(kind, wordings.advisory(texts), ZoneInfo("Africa/Casablanca"))
    assert {(one.fact, one.at, one.lapses) for one in found} == {
        ("starts", datetime(2026, 3, 21, 7, tzinfo=UTC), False),
        ("back", datetime(2026, 3, 21, 17, tzinfo=UTC), True),
    }


def test_languages_that_are_wanted_and_incomplete_block_what_can_wait() -> None:
    """A reviewed locale blocks unless it is urgent; one that awaits its review is noted."""
    reviewed = Wanted(locale="es", customers=3, told_in="fr", reviewed=True, why="2 texts")
    waiting = replace(reviewed, locale="zgh", reviewed=False)
    nothing = replace(waiting, told_in=None)
    given = [reviewed, waiting, nothing]
    assert [one.blocks for one in readiness.languages(given, in_a_hurry=False)] == [
        True,
        False,
        True,
    ]
    assert not any(one.blocks for one in readiness.languages(given, in_a_hurry=True))


def test_who_wants_which_language_is_counted(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Regions count with their language, and who gets what they prefer does not count."""
    parts = {"sms/body.txt": "{% block message %}{% trans %}x{% endtrans %}{% endblock %}"}
    texts = wordings.renderer(wordings.write_kind(tmp_path_factory.mktemp("kinds"), parts))
    kind = texts.kinds["made"]
    assert kind.locales == ("en",)
    people: dict[tuple[str | None, str | None], int] = {
        ("fr-MA", "en"): 2,
        ("fr", "en"): 3,
        ("en", "en"): 5,
        ("zgh", "en"): 1,
        ("tlh", None): 4,
    }
    found = {one.locale: one for one in wanted(texts, sample_advisory(kind, {}), people)}
    assert {tag: (one.customers, one.reviewed) for tag, one in found.items()} == {
        "fr": (5, True),
        "zgh": (1, False),
        "tlh": (4, True),
    }


def test_a_part_that_is_worded_in_some_locales_alone_is_noted() -> None:
    """Locales in which nobody is told, or that are worded too, are no concern."""
    worded = [("sms/body.txt", "fr"), ("push/title.txt", "fr"), ("push/title.txt", "ar")]
    needed = {"fr": 5, "ar": 3, "en": 0}
    found = list(readiness.worded_in_part(worded, needed, {"sms": {"ar": 1}, "push": {"ar": 2}}))
    assert [(one.part, one.locale, one.blocks) for one in found] == [("sms/body.txt", "ar", False)]
    # Its own channel alone counts, not what others get; of what has no count none is made up.
    assert found[0].problem == "is worded in fr alone, and 1 message says the kind's own text"
    assert list(readiness.worded_in_part(worded, needed, {"sms": {"fr": 5}})) == []
    (page,) = readiness.worded_in_part([("email/body.txt", "fr")], needed, {"sms": {"ar": 3}})
    assert page.problem == "is worded in fr alone, and others say the kind's own text"


def test_what_is_urgent_protects_life_or_follows_is_hurried() -> None:
    """The lane, the class or what it follows alone is enough."""
    routine, urgent = builders.campaign(), builders.campaign(lane=Lane.URGENT)
    service = builders.advisory()
    safety = builders.advisory(message_class=MessageClass.SAFETY)
    follows = builders.advisory(message_type=MessageType.UPDATE, thread=1, follows=1)
    cases = [(routine, service), (urgent, service), (routine, safety), (routine, follows)]
    assert [readiness.hurried(*case) for case in cases] == [False, True, True, True]


def test_what_blocks_comes_first_and_once() -> None:
    """The order is that of a list for people."""
    note = Concern(check=Check.TEXT, blocks=False, problem="a", remedy="b")
    block = replace(note, blocks=True, part="sms/body.txt", locale="fr", place="block x")
    assert readiness.ordered([note, block, note]) == [block, note]
    assert str(block) == "sms/body.txt (fr) block x: a. b"
    assert key("sms/body.txt", "fr") == "sms/body.txt/fr"
