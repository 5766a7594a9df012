"""The renderer's folders: overlays, what they may not do, and what the fingerprint follows."""

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broadcaster.domain.advisory import Advisory, Certainty, MessageType, Severity, Urgency
from broadcaster.domain.message import Channel, EmailContent, MessageClass, SmsContent, WebContent
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.ports import Reader
from broadcaster.render.renderer import TemplateRenderer

_ROOT = Path(__file__).parents[2]
_READER = Reader(
    name="Salma", number="0001", unsubscribe_url="", page_url="https://example.test/1/ar"
)


def make(*overlays: Path, locales: tuple[Path, ...] = (), default: str = "ar") -> TemplateRenderer:
    """Make a renderer of the shipped folders, with others before them."""
    return TemplateRenderer(
        [*overlays, _ROOT / "templates"],
        [*locales, _ROOT / "locales"],
        default_locale=default,
        time_zone="Africa/Casablanca",
    )


_SHIPPED = make()


def advise(kind: str = "remote_services") -> Advisory:
    """Make an advisory with the default facts."""
    start = datetime(2026, 3, 20, 18, tzinfo=UTC)
    return Advisory(
        id=1,
        kind=kind,
        version=1,
        facts=_SHIPPED.kinds[kind].resolve({}) if kind in _SHIPPED.kinds else {},
        message_class=MessageClass.SERVICE,
        severity=Severity.MINOR,
        urgency=Urgency.EXPECTED,
        certainty=Certainty.OBSERVED,
        effective=start,
        expires=start + timedelta(days=7),
    )


def test_bad_settings_are_refused() -> None:
    """An unknown time zone or folder is named."""
    with pytest.raises(ConfigurationError, match="TIME_ZONE"):
        TemplateRenderer([], [_ROOT / "locales"], default_locale="ar", time_zone="Mars/Olympus")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        make(_ROOT / "no-such-folder")


def _kind(folder: Path, name: str, **parts: str) -> Path:
    for path, text in {"kind.toml": 'channels = ["sms"]', **parts}.items():
        file = folder / name / path.replace("__", "/").replace("_txt", ".txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def test_adding_a_kind_is_adding_a_folder(tmp_path: Path) -> None:
    """A kind in an organisation's own folder works at once in the source language."""
    folder = _kind(
        tmp_path,
        "water_quality",
        sms__body_txt="{% trans %}Boil the water.{% endtrans %}",
    )
    renderer = make(folder)
    assert renderer.kinds["water_quality"].locales == ("en",)
    content = renderer.render(advise(kind="water_quality"), Channel.SMS, "en", _READER)
    assert content == SmsContent(body="Boil the water.")
    assert renderer.choose("water_quality", ["ar"]) is None
    assert renderer.choose("remote_services", ["ar"]) == "ar"


def test_a_template_knows_what_the_message_is_to_the_former_one(tmp_path: Path) -> None:
    """An update may say so, and one renderer keeps the two apart."""
    text = "{% if advisory.message_type == 'update' %}Update: {% endif %}The water is off."
    renderer = make(_kind(tmp_path, "outage", sms__body_txt=text))
    alert = advise(kind="outage")
    update = replace(alert, message_type=MessageType.UPDATE, thread=1, follows=1)
    bodies = [renderer.render(one, Channel.SMS, "en", _READER) for one in (alert, update, alert)]
    plain = SmsContent(body="The water is off.")
    assert bodies == [plain, SmsContent(body="Update: The water is off."), plain]


def test_adding_a_locale_is_adding_a_folder(tmp_path: Path) -> None:
    """German in its own folder is offered as soon as every text is there, plural rule included."""
    german = tmp_path / "de"
    (german / "LC_MESSAGES").mkdir(parents=True)
    (german / "locale.toml").write_text(
        'autonym = "Deutsch"\nformats = "de_DE"\nreview = "approved"\n'
        'plural_forms = "nplurals=2; plural=n != 1;"\n',
        encoding="utf-8",
    )
    french = (_ROOT / "locales/fr/LC_MESSAGES/advisories.po").read_text(encoding="utf-8")
    po = french.replace("Language: fr", "Language: de").replace("n > 1", "n != 1")
    po = po.replace("Bonjour", "Guten Tag")
    (german / "LC_MESSAGES/advisories.po").write_text(po, encoding="utf-8")
    renderer = make(locales=(tmp_path,))
    assert renderer.kinds["remote_services"].locales == ("ar", "de", "en", "es", "fr")
    assert renderer.choose("remote_services", ["de-AT"]) == "de"
    mail = renderer.render(advise(), Channel.EMAIL, "de", _READER)
    assert isinstance(mail, EmailContent)
    assert mail.text.startswith("Guten Tag ")


def test_own_wording_overlays_the_shipped_one_text_by_text(tmp_path: Path) -> None:
    """An organisation's catalogue changes one text and leaves the others."""
    folder = tmp_path / "fr/LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "advisories.po").write_text(
        'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=n > 1;\\n"\n\n'
        'msgid "Hello,"\nmsgstr "Madame, Monsieur,"\n',
        encoding="utf-8",
    )
    renderer = make(locales=(tmp_path,))
    reader = Reader(name="", number="", unsubscribe_url="", page_url="https://x.test")
    mail = renderer.render(advise(), Channel.EMAIL, "fr", reader)
    assert isinstance(mail, EmailContent)
    assert mail.text.startswith("Madame, Monsieur,\n\nLa situation sanitaire")


def test_quotes_in_translations_leave_attributes_whole(tmp_path: Path) -> None:
    """A translator may quote; the attributes that a text lands in stay whole."""
    shutil.copytree(_ROOT / "locales/fr", tmp_path / "fr")
    file = tmp_path / "fr/LC_MESSAGES/advisories.po"
    text = file.read_text(encoding="utf-8")
    text = text.replace("Venez le moins", 'Venez \\"vite\\" le moins').replace(
        "Langues", 'Choisir \\" la langue'
    )
    file.write_text(text, encoding="utf-8")
    page = make(locales=(tmp_path,)).render(
        advise(), Channel.WEB, "fr", replace(_READER, page_url="https://x.test/1/fr")
    )
    assert isinstance(page, WebContent)
    assert 'content="Venez &#34;vite&#34; le moins' in page.html
    assert 'aria-label="Choisir &#34; la langue"' in page.html


def test_prose_that_lacks_an_offered_language_is_refused(tmp_path: Path) -> None:
    """What the team writes itself must be there in every language in which the kind is offered."""
    toml = 'channels = ["sms"]\n[facts.why]\ntype = "localized"\nsample = { fr = "Panne" }\n'
    folder = _kind(tmp_path, "own", **{"kind.toml": toml, "sms__body_txt": "{{ facts.why }}"})
    renderer = make(folder)
    with pytest.raises(InvalidInputError, match="no text for en, es, fr"):
        renderer.kinds["own"].resolve({"why": {"ar": "عطب"}})
    texts = {"ar": "عطب", "en": "Fault", "es": "Avería", "fr": "Panne"}
    own = replace(advise("own"), facts=renderer.kinds["own"].resolve({"why": texts}))
    for tag, text in texts.items():
        assert renderer.render(own, Channel.SMS, tag, _READER) == SmsContent(body=text)
    sample = replace(own, facts=renderer.kinds["own"].sample())
    with pytest.raises(ConfigurationError, match="is not offered in ar: some of its facts"):
        renderer.render(sample, Channel.SMS, "ar", _READER)


def test_fingerprint_follows_everything_that_decides_the_words(tmp_path: Path) -> None:
    """A changed template, layout, catalogue or default changes the hash."""
    before = _SHIPPED.fingerprint("remote_services")
    assert before == make().fingerprint("remote_services")
    assert re.fullmatch(r"[0-9a-f]{64}", before)
    hashes = {before}
    for number, path in enumerate(
        [
            "templates/remote_services/sms/body.txt",
            "templates/remote_services/kind.toml",
            "templates/_base/web/page.html",
            "locales/ar/LC_MESSAGES/advisories.po",
            "locales/fr/locale.toml",
        ]
    ):
        root = tmp_path / str(number)
        shutil.copytree(_ROOT / "templates", root / "templates")
        shutil.copytree(_ROOT / "locales", root / "locales")
        file = root / path
        text = file.read_text(encoding="utf-8")
        changed = text.replace("ليدك", "ليديك").replace("fr_MA", "fr_FR").replace("ا", "أ")
        file.write_text(changed if changed != text else text + "\n", encoding="utf-8")
        renderer = TemplateRenderer(
            [root / "templates"],
            [root / "locales"],
            default_locale="ar",
            time_zone="Africa/Casablanca",
        )
        hashes.add(renderer.fingerprint("remote_services"))
    hashes.add(make(default="fr").fingerprint("remote_services"))
    assert len(hashes) == 7


def test_files_that_change_later_change_nothing(tmp_path: Path) -> None:
    """What was hashed at approval is what is sent, even when a file changes under a worker."""
    shutil.copytree(_ROOT / "templates", tmp_path / "templates")
    renderer = make(tmp_path / "templates")
    before = renderer.fingerprint("remote_services")
    (tmp_path / "templates/remote_services/sms/body.txt").write_text("changed", encoding="utf-8")
    content = renderer.render(advise(), Channel.SMS, "fr", _READER)
    assert isinstance(content, SmsContent)
    assert content.body != "changed"
    assert renderer.fingerprint("remote_services") == before


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{ facts.nothing }}", "nothing"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ 'x'.ljust(1000000000) }}", "ljust"),
        ("{{ 'x' * 1000000000 }}", "numbers"),
        ("{{ 9 ** 9 ** 9 }}", "not there"),
        ("{% for a in range(9) %}{% endfor %}", "range"),
        ("{{ 'x'|pprint }}", "pprint"),
        ("{{ 5 // 0 }}", "zero"),
        ("{% block %}", "Mend the template"),
        ("{% include 'kind.toml' %}", "stands on"),
        ("{% include '../../secret_key' %}", "stands on"),
        ("{% include facts.sender %}", "computed name"),
        ("{% include 'bad/sms/body.txt' %}", "recursion"),
        ("{{ facts.names.missing }}", "missing"),
        ("{% for a in facts.names %}" + "x" * 200 + "{% endfor %}", "more than 4000"),
    ],
)
def test_templates_cannot_break_out(tmp_path: Path, template: str, problem: str) -> None:
    """A template that reaches for code, files or memory is refused with its name."""
    toml = 'channels = ["sms"]\n[facts.names]\ntype = "list"\nsample = ["a"]'
    folder = _kind(tmp_path, "bad", **{"sms__body_txt": template, "kind.toml": toml})
    advisory = advise(kind="bad")
    with pytest.raises(ConfigurationError, match=problem) as refused:
        make(folder).render(
            replace(advisory, facts={"names": ["a"] * 100}),
            Channel.SMS,
            "en",
            _READER,
        )
    assert "bad/" in str(refused.value)


def test_a_broken_kind_stops_only_itself(tmp_path: Path) -> None:
    """One kind that cannot be read leaves the others in use, and says why it is out."""
    folder = _kind(tmp_path, "bad", **{"kind.toml": 'channel = ["sms"]'})
    renderer = make(folder)
    assert "bad" not in renderer.kinds
    with pytest.raises(ConfigurationError, match="channel: is unknown"):
        renderer.fingerprint("bad")
    assert renderer.choose("remote_services", ["fr"]) == "fr"


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    """A symbolic link cannot bring a foreign file into a message."""
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    folder = _kind(tmp_path / "own", "leak")
    (folder / "leak/sms").mkdir()
    (folder / "leak/sms/body.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(ConfigurationError, match="leads out"):
        make(folder).fingerprint("leak")


def test_a_channel_that_a_kind_has_not(tmp_path: Path) -> None:
    """A kind for SMS alone cannot be sent by mail, and a missing part is named."""
    renderer = make(_kind(tmp_path, "short"))
    with pytest.raises(ConfigurationError, match="no channel email"):
        renderer.render(advise(kind="short"), Channel.EMAIL, "en", _READER)
    with pytest.raises(ConfigurationError, match=r"sms/body\.txt: is missing"):
        renderer.render(advise(kind="short"), Channel.SMS, "en", _READER)


def test_dates_numbers_and_lists_are_local(tmp_path: Path) -> None:
    """Dates, times, numbers and lists are written as the locale's region writes them."""
    toml = (
        'channels = ["sms"]\n'
        '[facts.start]\ntype = "datetime"\nsample = "2020-03-20T18:30:00+00:00"\n'
        '[facts.amount]\ntype = "number"\nsample = 1234.5\n'
        '[facts.streets]\ntype = "list"\nsample = ["A", "B", "C"]\n'
    )
    body = (
        "{{ facts.start|date }} {{ facts.start|time }} {{ facts.amount|number }} "
        "{{ facts.streets|listing }}"
    )
    renderer = make(_kind(tmp_path, "when", **{"kind.toml": toml, "sms__body_txt": body}))
    advisory = replace(advise(kind="when"), facts=renderer.kinds["when"].sample())
    shown = {
        tag: renderer.preview(advisory, Channel.SMS, tag, _READER) for tag in ("ar", "fr", "en")
    }
    assert shown == {
        "ar": SmsContent(body="20 مارس 2020 19:30 1.234,5 A وB وC"),
        "fr": SmsContent(body="20 mars 2020 19:30 1 234,5 A, B et C"),
        "en": SmsContent(body="20 March 2020 19:30 1,234.5 A, B and C"),
    }
