"""Preview sheets as HTML: whole, closed off, for everybody, with the words that are sent."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcaster.channels.sms import measure
from broadcaster.domain.message import Channel
from broadcaster.errors import InvalidInputError, NotFoundError
from broadcaster.render.catalogues import SourceTexts
from broadcaster.render.check import sample_advisory, sample_reader
from broadcaster.render.locales import load_locales
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.sheets.cells import Group, Sheets
from broadcaster.render.sheets.page import Look, SheetWriter, style
from broadcaster.render.speech import ConsoleSpeech, speech
from tests.colours import contrast
from tests.sheets import Element, parse, seen

_ROOT = Path(__file__).parents[2]
_LOCALES = _ROOT / "locales"
_KIND = "remote_services"


def _renderer(templates: Path) -> TemplateRenderer:
    return TemplateRenderer(
        [templates], [_LOCALES], default_locale="ar", time_zone="Africa/Casablanca"
    )


def _copy(folder: Path, *kinds: str) -> None:
    for name in ("_base", *kinds):
        shutil.copytree(_ROOT / "templates" / name, folder / name)


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> Sheets:
    """Make sheets of one kind that is shipped."""
    folder = tmp_path_factory.mktemp("templates")
    _copy(folder, _KIND)
    return Sheets(renderer=_renderer(folder), measure=measure)


@pytest.fixture(scope="module")
def groups(sheets: Sheets) -> tuple[Group, ...]:
    """Show one kind in two directions and three scripts."""
    return sheets.sheet([_KIND], ["ar", "fr", "zgh"])


def _writer(tag: str) -> SheetWriter:
    locales, _ = load_locales([_LOCALES], "ar")
    return SheetWriter(speech=speech(tag, locales, [_LOCALES]))


@pytest.fixture(scope="module")
def page(groups: tuple[Group, ...]) -> Element:
    """Read the sheet of both looks back."""
    return parse(_writer("en").page(groups, list(Look)))


def test_the_messages_on_a_sheet_are_those_that_are_sent(
    groups: tuple[Group, ...], page: Element
) -> None:
    """Escaping changes nothing: each part stands there byte for byte, once for each look."""
    frames = [frame.attributes["srcdoc"] for frame in page.all("iframe")]
    bubbles = [one.text() for one in page.all("p") if one.attributes.get("class") == "bubble"]
    rows = groups[0].rows
    mails = [row.cells[Channel.EMAIL].parts["email/body.mjml"] for row in rows]
    pages = [row.cells[Channel.WEB].parts["web/page.html"] for row in rows]
    assert frames == 2 * [one for pair in zip(mails, pages, strict=True) for one in pair]
    assert bubbles == 2 * [row.cells[Channel.SMS].parts["sms/body.txt"] for row in rows]
    texts = [one.text() for one in page.all("pre")]
    assert texts == 2 * [row.cells[Channel.EMAIL].parts["email/body.txt"] for row in rows]


def test_nothing_is_fetched_and_nothing_acts(page: Element) -> None:
    """The file brings all it needs, runs no script, and its frames may do nothing at all."""
    (policy,) = (
        one.attributes["content"]
        for one in page.all("meta")
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    for element in page.all():
        assert element.name not in {"script", "link", "form", "img", "object", "embed", "base"}
        assert not {"src", "href", "action", "background"} & set(element.attributes)
        assert not [name for name in element.attributes if name.startswith("on")]
        assert "url(" not in element.attributes.get("style", "")
    assert "url(" not in style()
    assert "@import" not in style()
    for frame in page.all("iframe"):
        assert frame.attributes["sandbox"] == ""


def test_everybody_finds_their_way(page: Element) -> None:
    """Headings, tables and frames say what they are; every name that is referred to is there."""
    assert len(list(page.all("h1"))) == 1
    marks = [one.attributes["id"] for one in page.all() if "id" in one.attributes]
    assert len(marks) == len(set(marks)) == 2
    for section in page.all("section"):
        assert section.attributes["aria-labelledby"] in marks
        assert len(list(section.all("h2"))) == 1
    for table in page.all("table"):
        heads = [one.attributes["scope"] for one in table.one("thead").all("th")]
        assert heads == ["col"] * 4
        for row in table.one("tbody").all("tr"):
            assert [one.attributes["scope"] for one in row.all("th")] == ["row"]
            assert len(list(row.all("td"))) == 3
    titles = [frame.attributes["title"] for frame in page.all("iframe")]
    assert titles[:2] == ["Email: العربية", "Web page: العربية"]


def test_each_language_runs_in_its_own_direction(page: Element) -> None:
    """Phones and mailboxes are the reader's; the text of an SMS goes by its own letters."""
    phones = [one.attributes for one in page.all("div") if one.attributes.get("class") == "phone"]
    assert [(one["lang"], one["dir"]) for one in phones[:2]] == [("ar", "rtl"), ("fr", "ltr")]
    bubbles = [one.attributes for one in page.all("p") if one.attributes.get("class") == "bubble"]
    assert {one["dir"] for one in bubbles} == {"auto"}


def test_what_is_not_sent_yet_says_so(page: Element) -> None:
    """A language that awaits review, and texts that are not translated, are seen at once."""
    text = " ".join(seen(page))
    assert "It awaits review by a native speaker." in text
    assert re.search(r"Texts not translated: \d", text)
    assert text.count("Segments: 1") == 6


@pytest.mark.parametrize(("tag", "direction"), [("ar", "rtl"), ("fr", "ltr")])
def test_the_sheets_own_words_are_the_consoles(
    groups: tuple[Group, ...], tag: str, direction: str
) -> None:
    """A sheet speaks the language of whoever looks at it, and runs in its direction."""
    shown = parse(_writer(tag).page(groups, campaign="<b>Eau</b>"))
    assert shown.one("html").attributes["dir"] == direction
    assert "<b>Eau</b>" in shown.one("h1").text()
    assert not re.search("Segments: |Phone|Language|Light", " ".join(seen(shown.one("main"))))


def test_no_word_of_an_organisation_breaks_out(tmp_path: Path) -> None:
    """Names, labels and templates of a hostile folder stay text, and frames stay closed."""
    _copy(tmp_path / "own", _KIND)
    kind = tmp_path / "own" / _KIND / "kind.toml"
    bad = "\"'></iframe><script>alert(1)</script>"
    text = kind.read_text("utf-8").replace('"Remote services"', repr(bad.replace("'", "")))
    kind.write_text(text, encoding="utf-8")
    web = tmp_path / "own" / _KIND / "web" / "page.html"
    web.write_text(web.read_text("utf-8").replace("<ul>", f"{bad}<ul>"), encoding="utf-8")
    sheets = Sheets(renderer=_renderer(tmp_path / "own"), measure=measure)
    speaking = ConsoleSpeech(locale=sheets.renderer.locales["en"], texts=SourceTexts())
    page = parse(SheetWriter(speech=speaking).page(sheets.sheet([_KIND], ["en"]), campaign=bad))
    assert not list(page.all("script"))
    assert "<script>alert(1)" in page.one("h2").text()
    assert bad in page.one("h1").text()
    assert bad in list(page.all("iframe"))[1].attributes["srcdoc"]


def test_a_broken_kind_and_a_broken_part_say_why_in_their_place(tmp_path: Path) -> None:
    """One fault hides nothing else."""
    _copy(tmp_path / "own", "flooding", _KIND)
    (tmp_path / "own" / "flooding" / "kind.toml").write_text("label = 1", encoding="utf-8")
    sms = tmp_path / "own" / _KIND / "sms" / "body.txt"
    sms.write_text("{% block recommendation %}{{ 1 / 0 }}{% endblock %}", encoding="utf-8")
    sheets = Sheets(renderer=_renderer(tmp_path / "own"), measure=measure)
    groups = sheets.sheet(["flooding", _KIND], ["en"])
    assert groups[0].fault
    cells = groups[1].rows[0].cells
    assert [bool(cell.fault) for cell in cells.values()] == [True, False, False, False]
    speaking = ConsoleSpeech(locale=sheets.renderer.locales["en"], texts=SourceTexts())
    page = parse(SheetWriter(speech=speaking).page(groups))
    text = " ".join(seen(page))
    assert text.count("Cannot be shown:") == 2
    assert "division by zero" in text


def test_what_is_too_long_is_marked_in_words(sheets: Sheets) -> None:
    """Colour alone tells nobody: an SMS over its segments says how many there may be."""
    kind = sheets.renderer.kinds[_KIND]
    facts = {**kind.sample(), "online": "https://client.lydec.ma/" + "a" * 400}
    group = sheets.advisory(sample_advisory(kind, facts), ["fr"], channels=[Channel.SMS])
    (cell,) = group.rows[0].cells.values()
    assert cell.too_many == 1
    assert "(at most 1)" in " ".join(seen(parse(_writer("en").cell(cell))))


def test_one_message_can_stand_beside_a_form(sheets: Sheets) -> None:
    """The console shows a part alone, with its counter, in its own page."""
    kind = sheets.renderer.kinds[_KIND]
    advisory = sample_advisory(kind, kind.sample())
    reader = sample_reader(sheets.renderer.locales["ar"])
    cell = sheets.cell(advisory, Channel.SMS, "ar", reader)
    piece = parse(_writer("fr").cell(cell))
    assert [one.name for one in piece.held if isinstance(one, Element)] == ["figure"]
    assert "Segments : 1" in " ".join(seen(piece))
    assert cell.parts["sms/body.txt"] in piece.one("div").text()


def test_what_is_unknown_or_too_much_is_refused(sheets: Sheets) -> None:
    """A wrong name says which there are; a sheet has an end."""
    with pytest.raises(NotFoundError, match="'outage' is unknown"):
        sheets.sheet(["outage"])
    with pytest.raises(NotFoundError, match="'tlh' is unknown"):
        sheets.sheet([_KIND], ["tlh"])
    with pytest.raises(InvalidInputError, match="Name fewer kinds or locales"):
        Sheets(renderer=sheets.renderer, measure=measure, most=7).sheet([_KIND], ["ar", "fr"])


def _pairs() -> Iterator[tuple[str, str, str]]:
    for look in Look:
        for front, back in (
            *(("ink", "ground"), ("soft", "ground"), ("ink", "paper"), ("soft", "paper")),
            *(("alarm", "ground"), ("ink", "bubble"), ("soft", "screen"), ("ink", "glass")),
            ("soft", "glass"),
        ):
            yield look.value, front, back


@pytest.mark.parametrize(("look", "front", "back"), list(_pairs()))
def test_letters_stand_out(look: str, front: str, back: str) -> None:
    """Every pair of colours that meets as text and ground has a contrast of 4.5 (WCAG 2.2 AA)."""
    light, dark = re.findall(r"\{([^}]*color-scheme: (?:light|dark);)", style())[:2]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", dark if look == "dark" else light))
    assert contrast(colours[front], colours[back]) >= 4.5
