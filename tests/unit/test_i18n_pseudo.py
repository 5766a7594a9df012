"""The pseudo-locale exposes every text that nobody can translate, in messages and on pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcaster import bootstrap
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel
from broadcaster.domain.tokens import sign
from broadcaster.render.bidi import first_strong
from broadcaster.render.catalogues import PLACEHOLDER, pseudo
from broadcaster.render.check import parts_of, sample_advisory, sample_reader
from broadcaster.render.exposed import Reason, exposed, left_over, of_languages, spoken_of
from broadcaster.render.locales import PSEUDO, PSEUDO_RTL
from broadcaster.render.merging import header, template
from broadcaster.render.pofile import Entry, PoFile, write
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.settings import load
from broadcaster.web.extraction import console_uses
from tests.web_scene import FakeInside, Site, make_inside, serving

#: What stands on our pages as it is beside what languages call themselves: the product's name, in
#: titles, and the label of a kind, which kind.toml has in each language.
_NAME = "Broadcaster"


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> TemplateRenderer:
    """Read what is shipped."""
    return bootstrap.renderer(load({"BROADCASTER_HOME": str(tmp_path_factory.mktemp("home"))}))


def test_no_kind_says_what_nobody_can_translate(renderer: TemplateRenderer) -> None:
    """Every part of every kind, titles and labels too; `i18n check` looks at each choice."""
    found = {
        name: list(exposed(renderer, kind, [kind.sample()]))
        for name, kind in renderer.kinds.items()
    }
    assert found
    assert not any(found.values()), found


def test_what_may_stand_as_it_is_has_a_reason() -> None:
    """These four; a word of ours has none."""
    assert [reason.name for reason in Reason] == ["FACT", "READER", "CLDR", "AUTONYM"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[Ĥéĺĺó Lydec ~~~~~] Lydec", ""),
        ("[Ĥéĺĺó] there", "there"),
        ("[Ĥéĺĺó [ńéśťéđ] ~~]", ""),
        ("Lydecs", "Lydecs"),
        ("[Ćáĺĺ \u20660522312020\u2069] now", "now"),
    ],
)
def test_words_outside_of_brackets_are_left_over(text: str, words: str) -> None:
    """Values count as whole words alone, and marks of direction do not count."""
    assert left_over(text, {"Lydec", "0522312020"}) == words


def test_titles_and_labels_are_heard() -> None:
    """Styles, scripts and comments are not."""
    page = (
        '<head><title>A</title><meta name="description" content="B"><style>C</style></head>'
        '<body aria-label="D"><!-- E --><img alt="F" src="G"><script>H</script>I &amp; J</body>'
    )
    assert spoken_of(page).split() == ["A", "B", "D", "F", "I", "&", "J"]


def test_the_second_one_is_written_from_right_to_left(renderer: TemplateRenderer) -> None:
    """What phones lay out by themselves, for every kind, and mail and page; offered to nobody."""
    locale = renderer.locales[PSEUDO_RTL]
    for kind in renderer.kinds.values():
        advisory = sample_advisory(kind, kind.sample())
        for channel in kind.channels if kind.name == "remote_services" else (Channel.SMS,):
            content = renderer.render(advisory, channel, PSEUDO_RTL, sample_reader(locale))
            for part, text in parts_of(content).items():
                if channel in {Channel.SMS, Channel.PUSH} or part == "email/subject.txt":
                    assert first_strong(text) == "rtl", (kind.name, part)
                if part.endswith((".html", ".mjml")):
                    assert 'dir="rtl"' in text
        assert not {PSEUDO, PSEUDO_RTL} & set(kind.locales)
    assert renderer.choose("remote_services", [PSEUDO_RTL]) == "ar"


def test_pseudo_texts_keep_facts_and_mark_up() -> None:
    """In both directions."""
    for right_to_left in (False, True):
        text = pseudo("To <bdi>%(name)s</bdi>, 100%%", right_to_left=right_to_left)
        assert "<bdi>%(name)s</bdi>" in text
        assert "100%%" in text


def _spoken_console(folder: Path) -> Path:
    """Write a French of our pages that is the pseudo-language."""
    texts = template(console_uses())
    plurals = "nplurals=2; plural=n > 1;"
    entries = []
    for entry in texts.entries:
        strings = (entry.key.singular, entry.key.plural or "")[: len(entry.strings)]
        entries.append(Entry(key=entry.key, strings=tuple(map(pseudo, strings))))
        assert PLACEHOLDER.findall(strings[0]) == PLACEHOLDER.findall(entries[-1].strings[0])
    path = folder / "fr" / "LC_MESSAGES" / "console.po"
    path.parent.mkdir(parents=True)
    path.write_text(write(PoFile(header=header("fr", plurals), entries=tuple(entries))), "utf-8")
    described = bootstrap.shipped("locales") / "fr" / "locale.toml"
    (folder / "fr" / "locale.toml").write_text(described.read_text("utf-8"), "utf-8")
    return folder


@pytest.fixture
def inside(tmp_path: Path) -> FakeInside:
    """Give the fakes, with a French that is the pseudo-language."""
    return make_inside(tmp_path, LOCALES=str(_spoken_console(tmp_path / "locales")))


@pytest.fixture
def site(inside: FakeInside) -> Iterator[Site]:
    """Serve them."""
    with serving(inside) as site:
        yield site


def test_no_public_page_says_what_nobody_can_translate(
    inside: FakeInside, site: Site, renderer: TemplateRenderer
) -> None:
    """What customers reach: looking, choosing, ending, and what answers when nothing is there."""
    key = bootstrap.signing_key(inside.settings)
    known, ended = (sign(key, "unsubscribe", DeliveryId(1, number)) for number in (1, 3))
    labels = renderer.kinds["remote_services"].labels.values()
    allowed = {_NAME, *labels, *of_languages(renderer.locales)}
    seen = set()
    for method, path, body in (
        ("GET", f"/unsubscribe/{known}", b""),
        ("POST", f"/unsubscribe/{known}", b"List-Unsubscribe=One-Click"),
        ("GET", f"/unsubscribe/{ended}", b""),
        ("GET", f"/unsubscribe/{known}x", b""),
        ("GET", f"/preferences/{known}", b""),
        ("POST", f"/preferences/{known}", b"shown=email&email=service"),
        ("POST", f"/preferences/{known}", b"shown=pigeon"),
        ("GET", "/advisories/7", b""),
    ):
        answer = site.ask(f"{path}?lang=fr", method=method, body=body or None)
        text = spoken_of(answer.text)
        seen.add(answer.status)
        assert "[" in text, path
        assert left_over(text, allowed) == "", (path, answer.status)
    assert seen == {200, 400, 404, 410}
