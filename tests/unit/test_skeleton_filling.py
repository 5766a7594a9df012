"""Filling: which messages are filled, which are rendered in full, and what is kept meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.message import (
    Channel,
    EmailContent,
    FilledEmail,
    PushContent,
    SmsContent,
)
from broadcaster.errors import ConfigurationError, NotFoundError
from broadcaster.ports import Reader
from broadcaster.render.filler import _KEPT, Filler
from broadcaster.render.locales import PSEUDO
from broadcaster.render.renderer import TemplateRenderer
from tests import skeletons
from tests.skeletons import Counting, Outcome, advise, outcome

_ROOT = Path(__file__).parents[2]
_PAGE = "https://example.test/advisories/1/ar"


def reader(number: int = 1, name: str = "Ali", page_url: str = _PAGE) -> Reader:
    """Make one of many readers."""
    return Reader(
        name=name,
        number=f"{number:07}",
        unsubscribe_url=f"https://example.test/unsubscribe/{number}.abc",
        page_url=page_url,
    )


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give three locales of made-up words."""
    folder = tmp_path_factory.mktemp("locales")
    skeletons.write_locales(folder)
    return folder


@pytest.fixture
def made(tmp_path: Path, locales: Path) -> Callable[[dict[str, str]], Counting]:
    """Give what makes a renderer of one made-up kind."""

    def make(parts: dict[str, str]) -> Counting:
        skeletons.write_kind(tmp_path, parts)
        return Counting(tmp_path, locales)

    return make


def _full(renderer: TemplateRenderer, channel: Channel, tag: str, who: Reader) -> Outcome:
    return outcome(partial(TemplateRenderer.render, renderer, _advise(renderer), channel, tag, who))


def _advise(renderer: TemplateRenderer) -> Advisory:
    return advise(renderer, "made" if "made" in renderer.kinds else "remote_services")


_NAMES = ("", "Ali", "عائشة", "<b>&\"'", "a  b\nc", "%s{{ x }}", "\u202e", "e\u0301", "\\n")


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.EMAIL, Channel.PUSH])
@pytest.mark.parametrize("tag", ["ar", "fr", "en", "en-XA"])
def test_shipped_kinds_are_filled(channel: Channel, tag: str) -> None:
    """No reader of a shipped kind costs a rendering, and each reads what a rendering gives."""
    renderer = Counting(_ROOT / "templates", _ROOT / "locales")
    for kind in renderer.kinds:
        if tag not in {*renderer.kinds[kind].locales, PSEUDO}:
            continue
        advisory = advise(renderer, kind)
        fill = renderer.prepare(advisory, channel, tag)
        readers = [reader(number, _NAMES[number % len(_NAMES)]) for number in range(200)]
        # The layout, where the name stands, is the same for all: the odd names with one of them.
        odd = len(_NAMES) if kind == "remote_services" else 2
        for who in readers[:odd]:
            full = outcome(partial(renderer.render, advisory, channel, tag, who))
            assert outcome(partial(fill, who)) == full
        renderer.renders = renderer.parts.asked = 0
        for who in readers:
            fill(who)
        assert (renderer.renders, renderer.parts.asked) == (0, 0)


def test_first_reader_of_each_sort_costs_two_renderings(
    made: Callable[[dict[str, str]], Counting],
) -> None:
    """A skeleton is made of two renderings, for readers with a name and for those without."""
    renderer = made({"sms/body.txt": "{% if reader.name %}{{ reader.name }}{% endif %}."})
    fill = renderer.prepare(_advise(renderer), Channel.SMS, "fr")
    for number in range(50):
        assert fill(reader(number, "Ali" if number % 2 else "")) == SmsContent(
            body="Ali." if number % 2 else "."
        )
    assert (renderer.renders, renderer.parts.asked) == (0, 4)


@pytest.mark.parametrize(
    "source",
    [
        "{% if reader.name == 'Ali' %}A{% else %}B{% endif %}",
        "{% if reader.name in ['Ali'] %}A{% endif %}",
        "{{ reader.name|length }}",
        "{% set t %}{{ reader.name }}{% endset %}{% if t == 'Ali' %}A{% endif %}",
        "{% macro m() %}{{ reader.name }}{% endmacro %}{% if m() == 'Ali' %}A{% endif %}",
        "{% trans name=reader.name %}Dear {{ name }}{% endtrans %}",
    ],
)
def test_looked_at_name_is_rendered_in_full(
    made: Callable[[dict[str, str]], Counting], source: str
) -> None:
    """Where a template looks at a name each reader's message is rendered, and is right."""
    renderer = made({"sms/body.txt": source})
    fill = renderer.prepare(_advise(renderer), Channel.SMS, "fr")
    for name in ("Ali", "Salma", "Fatima-Zahra El Ouazzani", "عائشة", ""):
        who = reader(name=name)
        assert outcome(partial(fill, who)) == _full(renderer, Channel.SMS, "fr", who)
    assert renderer.renders >= 4


def test_looked_at_page_has_a_skeleton_for_each_address(
    made: Callable[[dict[str, str]], Counting],
) -> None:
    """The page's address is the same for all readers of a locale: looking at it costs nothing."""
    ending = f"{{% if reader.page_url == '{_PAGE}' %}}this{{% else %}}other{{% endif %}}"
    renderer = made({"sms/body.txt": ending + " {{ reader.name }}"})
    fill = renderer.prepare(_advise(renderer), Channel.SMS, "en")
    assert fill(reader()) == SmsContent(body="this Ali")
    assert fill(reader(2, "Salma")) == SmsContent(body="this Salma")
    assert fill(reader(3, page_url="https://x.test")) == SmsContent(body="other Ali")
    assert renderer.renders == 0


def test_kept_skeletons_are_bounded(made: Callable[[dict[str, str]], Counting]) -> None:
    """However many addresses there are, only so many skeletons are kept."""
    renderer = made({"sms/body.txt": "{{ reader.page_url|length }} {{ reader.name }}"})
    fill = renderer.prepare(_advise(renderer), Channel.SMS, "en")
    assert isinstance(fill, Filler)
    for number in range(3 * _KEPT):
        url = "x" * (number + 1)
        assert fill(reader(page_url=url)) == SmsContent(body=f"{number + 1} Ali")
    assert fill._skeleton.cache_info().currsize <= _KEPT


def test_odd_readers_are_rendered_in_full(made: Callable[[dict[str, str]], Counting]) -> None:
    """A link with spaces, or longer than any of ours, is no reason for another text."""
    renderer = made({"sms/body.txt": " a  {{ reader.page_url }} \n b"})
    fill = renderer.prepare(_advise(renderer), Channel.SMS, "en")
    for url in (" x ", "\u200e", "x" * 501, "x" * 5000, "é", "\n"):
        who = reader(page_url=url)
        assert outcome(partial(fill, who)) == _full(renderer, Channel.SMS, "en", who)
    assert renderer.renders == 6


def test_mails_of_one_sort_share_their_form() -> None:
    """Whoever builds mails can key on the form: it is the same object for all, and later too."""
    renderer = Counting(_ROOT / "templates", _ROOT / "locales")
    one, other = (renderer.prepare(_advise(renderer), Channel.EMAIL, "fr") for _ in range(2))
    mails = [one(reader(1)), one(reader(2, "Salma")), other(reader(3))]
    assert all(isinstance(mail, FilledEmail) for mail in mails)
    forms = {id(mail.form) for mail in mails if isinstance(mail, FilledEmail)}
    assert len(forms) == 1
    nameless = one(reader(4, ""))
    assert isinstance(nameless, FilledEmail)
    assert id(nameless.form) not in forms


def test_another_advisory_starts_anew() -> None:
    """Nothing of one advisory gets into the messages of another, whatever the order."""
    renderer = Counting(_ROOT / "templates", _ROOT / "locales")
    first = _advise(renderer)
    before = renderer.prepare(first, Channel.SMS, "fr")
    other = replace(first, facts=renderer.kinds[first.kind].resolve({"sender": {"und": "Amendis"}}))
    after = renderer.prepare(other, Channel.SMS, "fr")
    contents = [after(reader()), before(reader()), after(reader())]
    assert [c.body.partition(":")[0] for c in contents if isinstance(c, SmsContent)] == [
        "Amendis",
        "Lydec",
        "Amendis",
    ]


def test_push_opens_the_page_of_its_reader(made: Callable[[dict[str, str]], Counting]) -> None:
    """Without a link of the kind's own, each reader's push message opens the reader's page."""
    renderer = made({"push/title.txt": "T", "push/body.txt": "{{ reader.name }}"})
    fill = renderer.prepare(_advise(renderer), Channel.PUSH, "ar")
    content = fill(reader(page_url="https://x.test/\u00e9"))
    assert content == PushContent(
        title="T", body="\u2068Ali\u2069", link="https://x.test/\u00e9", direction="rtl"
    )
    assert renderer.renders == 0


@pytest.mark.parametrize(
    ("subject", "renders"),
    [("For {{ reader.name }}:  1", 0), ("{{ reader.name|escape }}", len(_NAMES) - 2)],
)
def test_subject_with_a_name_is_right_everywhere(
    made: Callable[[dict[str, str]], Counting], subject: str, renders: int
) -> None:
    """A subject may greet; it also stands in the title, the text and an attribute of the HTML."""
    renderer = made(skeletons.mail("<mj-text>{{ subject }}</mj-text>", subject=subject))
    fill = renderer.prepare(_advise(renderer), Channel.EMAIL, "ar")
    for name in _NAMES:
        who = reader(name=name)
        assert outcome(partial(fill, who)) == _full(renderer, Channel.EMAIL, "ar", who)
    assert renderer.renders == renders


def test_marks_of_an_sms_go_by_the_names_script(
    made: Callable[[dict[str, str]], Counting],
) -> None:
    """A direction mark stays only beside right-to-left letters, which a name may bring."""
    renderer = made({"sms/body.txt": "\u200e1 {{ reader.name }}"})
    fill = renderer.prepare(_advise(renderer), Channel.SMS, "ar")
    assert fill(reader(name="Ali")) == SmsContent(body="1 Ali")
    assert fill(reader(name="عائشة")) == SmsContent(body="\u200e1 عائشة")


def test_values_that_steer_the_compiler_are_no_holes(
    made: Callable[[dict[str, str]], Counting],
) -> None:
    """An attribute that is compared with a word leaves no trace of any other value."""
    column = '<mj-image src="x" fluid-on-mobile="{{ reader.name.raw }}" />'
    renderer = made(skeletons.mail(column))
    fill = renderer.prepare(_advise(renderer), Channel.EMAIL, "en")
    for name in ("Ali", "true"):
        who = reader(name=name)
        assert outcome(partial(fill, who)) == _full(renderer, Channel.EMAIL, "en", who)


def test_subject_is_never_kept_for_another_reader(
    made: Callable[[dict[str, str]], Counting],
) -> None:
    """A layout without the reader still has the subject in it, which may be the reader's own."""
    renderer = made(skeletons.mail("<mj-text>x</mj-text>", subject="For {{ reader.name }}"))
    advisory = _advise(renderer)
    mails = [
        renderer.render(advisory, Channel.EMAIL, "fr", reader(name=n)) for n in ("Ali", "Salma")
    ]
    assert ["Ali" in mail.html for mail in mails if isinstance(mail, EmailContent)] == [True, False]


def test_what_may_not_be_sent_is_refused_at_once() -> None:
    """Unknown kinds and locales, and those that are not approved, are refused as in `render`."""
    renderer = Counting(_ROOT / "templates", _ROOT / "locales")
    advisory = _advise(renderer)
    with pytest.raises(ConfigurationError, match="native speaker"):
        renderer.prepare(advisory, Channel.SMS, "zgh")
    with pytest.raises(NotFoundError, match="locale"):
        renderer.prepare(advisory, Channel.SMS, "tlh")
    with pytest.raises(NotFoundError, match="kind"):
        renderer.prepare(replace(advisory, kind="nothing"), Channel.SMS, "ar")


def test_faults_are_those_of_the_full_render(made: Callable[[dict[str, str]], Counting]) -> None:
    """A broken template, a missing channel and a text that is too long say what `render` says."""
    renderer = made({"sms/body.txt": "{{ reader.name }}{{ facts.sendr }}"})
    fill = renderer.prepare(_advise(renderer), Channel.SMS, "en")
    assert outcome(partial(fill, reader())) == _full(renderer, Channel.SMS, "en", reader())
    with pytest.raises(ConfigurationError, match="sendr"):
        fill(reader())
    with pytest.raises(ConfigurationError, match="no channel"):
        renderer.prepare(_advise(renderer), Channel.EMAIL, "en")(reader())


def test_size_is_bounded_as_in_the_full_render(
    made: Callable[[dict[str, str]], Counting],
) -> None:
    """A text that fits for short names only is refused for long ones, and sent to the others."""
    renderer = made({"sms/body.txt": "x" * 3950 + "{{ reader.name }}"})
    fill = renderer.prepare(_advise(renderer), Channel.SMS, "en")
    assert fill(reader(name="Ali")) == SmsContent(body="x" * 3950 + "Ali")
    with pytest.raises(ConfigurationError, match="4000"):
        fill(reader(name="y" * 60))
