"""What the inside says is the same English as ever, and is told on pages in their languages."""

import copy
import json
import pickle
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster import bootstrap
from broadcaster.domain import held
from broadcaster.domain.english import number_of
from broadcaster.domain.saying import (
    Figure,
    Instant,
    Listed,
    Part,
    Saying,
    Term,
    packed,
    said,
    said_n,
    unpacked,
)
from broadcaster.errors import ConflictError, InvalidInputError, SeveralFaultsError
from broadcaster.render.catalogues import PLACEHOLDER, Key
from broadcaster.render.locales import load_locales
from broadcaster.web.extraction import sayings
from broadcaster.web.languages import Language, Languages
from broadcaster.web.telling import Telling

LOCALES = bootstrap.shipped("locales")
ZONE = ZoneInfo("Africa/Casablanca")


def _language(tag: str) -> Language:
    found = Languages([LOCALES], load_locales([LOCALES], "ar")[0]).get(tag)
    assert found is not None
    return found


@given(st.text(max_size=20), st.integers(0, 10**9), st.floats(0, 1), st.lists(st.text(max_size=5)))
def test_the_english_is_what_it_was(text: str, count: int, part: float, names: list[str]) -> None:
    """A saying is the text that an f-string made of the same values, wherever a string goes."""
    made = said(
        "%(text)s of %(count)s, %(part)s: %(names)s",
        text=text,
        count=Figure(count),
        part=Part(part),
        names=Listed(names),
    )
    was = f"{text} of {count:,}, {part:.0%}: {', '.join(names)}"
    assert made == was
    assert json.dumps(made) == json.dumps(was)
    assert said_n("%(count)s text", "%(count)s texts", count) == number_of(count, "text")
    for again in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301  (our own)
        assert (again, again.template) == (was, made.template)


@pytest.mark.parametrize("tag", ["ar", "fr"])
def test_every_saying_is_told_with_all_of_its_values(tag: str) -> None:
    """No concern, advice or refusal is English on a page that is not, and none loses a value."""
    telling = Telling(_language(tag), ZONE)
    keys: set[Key] = {use.key for use in sayings()}
    assert len(keys) > 300
    for key in keys:
        names = sorted(set(PLACEHOLDER.findall(key.singular)))
        values: dict[str, object] = {name: f"<{number}>" for number, name in enumerate(names)}
        for count in (1, 2, 5, 100):
            counts = {"count": Figure(count)} if key.plural is not None else {}
            told = telling.told(Saying(key.singular, key.plural, values | counts))
            assert 'lang="en"' not in told, key
            for name in values.keys() - counts.keys():
                assert f"&lt;{names.index(name)}&gt;" in told, key


def test_what_has_no_translation_says_that_it_is_english() -> None:
    """A screen reader, and whoever reads, knows it then."""
    telling = Telling(_language("ar"), ZONE)
    assert telling.told("<it> broke") == '<span lang="en" dir="ltr">&lt;it&gt; broke</span>'
    assert Telling(_language("en"), ZONE).told("<it> broke") == "&lt;it&gt; broke"


def test_values_are_written_as_the_language_writes_them() -> None:
    """Moments on the clock of the page, counts with its separators, names apart."""
    at = Instant(datetime(2020, 3, 20, 12, tzinfo=UTC))
    saying = said("%(at)s has passed when the first message leaves", at=at)
    assert saying.startswith("2020-03-20 12:00+00:00 has passed")
    told = Telling(_language("fr"), ZONE).told(saying)
    assert "20 mars 2020 · 13:00" in told
    values: dict[str, object] = {
        "who": Term("fact", "facts.districts", {"fr": "Quartiers"}),
        "locale": Term("locale", "ar-MA"),
    }
    named = said("%(who)s are told in %(locale)s.", **values)
    assert named == "facts.districts are told in ar-MA."
    assert "Quartiers" in Telling(_language("fr"), ZONE).told(named)
    assert "arabe (Maroc)" in Telling(_language("fr"), ZONE).told(named)
    left = said(
        "%(channel)s: %(reason)s",
        channel=Term("channel", "push"),
        reason=Term("reason", "no_address"),
    )
    assert left == "push: no address"
    assert unpacked(packed(named)) == named
    assert "Quartiers" in Telling(_language("fr"), ZONE).told(unpacked(packed(named)))
    assert copy.deepcopy(pickle.loads(pickle.dumps(left))).values == left.values  # noqa: S301  (our own)
    arabic = Telling(_language("ar"), ZONE).told(InvalidInputError("name", said("is empty"), "No."))
    assert "فارغ. " in arabic


def test_errors_are_told_one_by_one() -> None:
    """Each of several faults in the language, and a conflict too."""
    telling = Telling(_language("fr"), ZONE)
    fault = InvalidInputError("x", said("is empty"), said("Choose one."))
    several = SeveralFaultsError("form", [fault, fault], said("Mend them all."))
    assert telling.told(several) == "est vide. Choisissez-en un. est vide. Choisissez-en un."
    assert telling.told(ConflictError(said("Choose one."))) == "Choisissez-en un."


@given(st.text("abc (%s)", min_size=1, max_size=9), st.integers(1, 99))
def test_a_kept_reason_is_known_again(name: str, times: int) -> None:
    """What we wrote into the ledger is told in the language; what a person wrote stays."""
    for saying in (held.refusing(name, "30007"), held.in_vain(name, times, "x"), held.unlike()):
        found = held.known_again(str(saying))
        assert found is not None
        assert found == saying
    assert held.known_again(f"we wait for {name}") is None


def test_what_was_not_approved_has_a_remedy_in_every_language() -> None:
    """A campaign that is held for it can go on; what a person wrote is left to them."""
    remedy = held.remedy(str(held.unlike()))
    assert remedy is not None
    assert "templates that were approved, then resume it" in remedy
    assert held.remedy("we wait") is None
    for tag in ("ar", "fr"):
        told = Telling(_language(tag), ZONE).remedied(str(held.unlike()))
        assert told
        assert "Restart" not in told


@given(st.text(max_size=20), st.integers(0, 10**9), st.floats(0, 1), st.lists(st.text(max_size=5)))
def test_it_is_kept_as_json_and_told_in_any_language_later(
    text: str, count: int, part: float, names: list[str]
) -> None:
    """With its values, but for those of names that are not to be kept."""
    inner = said_n("%(count)s row of %(name)s", "%(count)s rows of %(name)s", count, name=text)
    made = said(
        "%(value)s %(inner)s %(part)s %(names)s %(at)s %(row)s",
        value=text,
        inner=inner,
        part=Part(part),
        names=Listed([inner, *names]),
        at=Instant(datetime(2026, 3, 20, 12, tzinfo=UTC)),
        row=count,
    )
    kept = unpacked(json.loads(json.dumps(packed(made))))
    assert kept == made
    assert isinstance(kept, Saying)
    assert packed(kept) == packed(made)
    hidden = unpacked(packed(made, frozenset({"value"})))
    assert hidden == Saying(made.template, None, {**made.values, "value": "…"})
    assert unpacked(packed(text)) == text
