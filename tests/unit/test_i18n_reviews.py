"""Approvals: who stands for which texts, and that a changed text is stood for by nobody."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from broadcaster import bootstrap
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.render.findings import Gravity
from broadcaster.render.library import Library
from broadcaster.render.reviews import (
    Reviews,
    Standing,
    State,
    approval,
    load_reviews,
    read_reviews,
    write_reviews,
)
from tests.translation_scene import FR, KIND, Tree, copied

_AT = datetime(2026, 5, 1, 8, 30, 15, 999, tzinfo=UTC)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Copy the shipped folders."""
    return copied(tmp_path)


def approve(tree: Tree, tag: str = "fr", *, native: bool = False) -> None:
    """Approve the kind as it is."""
    library = tree.renderer().library
    texts = library.text_fingerprint(KIND, library.locales[tag])
    made = approval("Amina", _AT, texts, native=native)
    path = tree.locales / tag / "review.toml"
    held = read_reviews(path.read_text("utf-8"), "fr") if path.exists() else Reviews()
    path.write_text(write_reviews(held.approved(KIND, made)), encoding="utf-8")


def state(library: Library, tag: str = "fr") -> State:
    """Tell where the kind stands."""
    return library.state(KIND, library.locales[tag])


def test_a_file_says_what_was_written_into_it() -> None:
    """Moments in UTC to the second, names in any script, the same bytes each time."""
    made = approval(' Amina "A" أمينة ', _AT, "f00d", native=True)
    text = write_reviews(Reviews(drafted_by="us").approved(KIND, made))
    assert "at = 2026-05-01T08:30:15Z\n" in text
    found = read_reviews(text, "fr/review.toml")
    assert found.approvals[KIND] == made
    assert (made.by, made.standing) == ('Amina "A" أمينة', Standing.REVIEWED)
    assert write_reviews(found) == text


def test_moments_are_kept_in_utc() -> None:
    """Whatever the zone of whoever approves."""
    east = _AT.astimezone(timezone(timedelta(hours=5)))
    assert approval("A", east, "f", native=False) == approval("A", _AT, "f", native=False)


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "a\x00b", "a\u202eb"])
def test_a_name_that_can_not_stand_in_a_record_is_refused(name: str) -> None:
    """Somebody has to be named, on one line."""
    with pytest.raises(InvalidInputError, match="--by"):
        approval(name, _AT, "f", native=False)


@pytest.mark.parametrize(("native", "expected"), [(False, State.ADOPTED), (True, State.REVIEWED)])
def test_an_approval_lapses_with_a_changed_text(
    tree: Tree, *, native: bool, expected: State
) -> None:
    """Of the kind or of the layout that it stands on; and holds again when it is changed back."""
    approve(tree, native=native)
    assert state(tree.renderer().library) is expected
    for old, new in (("nos services", "nos bons services"), ('"Bonjour,"', '"Salut,"')):
        tree.change(f"locales/{FR}", old, new)
        assert state(tree.renderer().library) is State.LAPSED
        assert [one.place for one in tree.findings() if "by Amina has lapsed" in one.problem] == [
            "fr/review.toml"
        ]
        tree.change(f"locales/{FR}", new, old)
    assert state(tree.renderer().library) is expected


def test_an_approval_lapses_with_a_changed_english_text(tree: Tree) -> None:
    """What was approved was approved as the translation of something."""
    approve(tree, "en")
    assert state(tree.renderer().library, "en") is State.ADOPTED
    tree.change("templates/remote_services/push/title.txt", "remote", "distant")
    assert state(tree.renderer().library, "en") is State.LAPSED


def test_approvals_of_one_kind_do_not_depend_on_others(tree: Tree) -> None:
    """A text that no part of the kind asks for may change."""
    approve(tree)
    other = tree.templates / "other/sms/body.txt"
    other.parent.mkdir(parents=True)
    other.write_text("{% trans %}Other{% endtrans %}", encoding="utf-8")
    tree.update()
    assert state(tree.renderer().library) is State.ADOPTED


@pytest.mark.parametrize(
    ("gate", "approved", "offered"),
    [
        ("approved", False, True),
        ("approved", True, True),
        ("needs_native_review", False, False),
        ("needs_native_review", True, False),
        ("per_kind", False, False),
        ("per_kind", True, True),
    ],
)
def test_the_gate_of_the_locale_comes_first(
    tree: Tree, gate: str, *, approved: bool, offered: bool
) -> None:
    """It opens, shuts, or leaves the matter to the kinds."""
    tree.change("locales/fr/locale.toml", 'review = "approved"', f'review = "{gate}"')
    if approved:
        approve(tree)
    assert ("fr" in tree.renderer().kinds[KIND].locales) is offered


def test_kind_by_kind_a_changed_text_is_not_sent(tree: Tree) -> None:
    """Until somebody stands for it; and the campaigns of before are held."""
    tree.change("locales/fr/locale.toml", 'review = "approved"', 'review = "per_kind"')
    unapproved = tree.renderer()
    approve(tree)
    approved = tree.renderer()
    assert unapproved.fingerprint(KIND) != approved.fingerprint(KIND)
    tree.change(f"locales/{FR}", "nos services", "les services")
    changed = tree.renderer()
    assert "fr" not in changed.kinds[KIND].locales
    why = changed.library.why_not(KIND, changed.locales["fr"])
    assert why == "it awaits approval of its changed texts"


def test_a_record_of_what_is_no_kind_is_a_warning(tree: Tree) -> None:
    """A kind that was renamed lost its approval."""
    file = tree.locales / "fr/review.toml"
    made = approval("Amina", _AT, "f00d", native=False)
    file.write_text(write_reviews(Reviews().approved("gone", made)), encoding="utf-8")
    assert "fr/review.toml: names 'gone', which is no kind here" in tree.found(Gravity.WARNING)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("approvals = 1", "approvals: is not a table"),
        ('[approvals.a]\nby = "x"\ntexts = "f"\n', "at: is no moment"),
        ('[approvals.a]\nat = 2026-05-01T08:00:00\nby = "x"\ntexts = "f"\n', "at: is no moment"),
        ('[approvals.a]\nat = 2026-05-01T08:00:00Z\ntexts = "f"\n', "names nobody"),
        ('[approvals.a]\nat = 2026-05-01T08:00:00Z\nby = "x"\n', "or no texts"),
        (
            '[approvals.a]\nat = 2026-05-01T08:00:00Z\nby = "x"\ntexts = "f"\nstate = "fine"\n',
            "state: is an unknown word",
        ),
        ('[approvals.a]\nat = 2026-05-01T08:00:00Z\nby = "x"\ntexts = "f"\nx = 1\n', "is unknown"),
    ],
)
def test_a_broken_record_is_refused_with_its_place(text: str, problem: str) -> None:
    """Nobody is taken to have approved what cannot be read."""
    with pytest.raises(ConfigurationError, match=f"fr/review.toml.*{problem}"):
        read_reviews(text, "fr/review.toml")


def test_records_of_the_organisation_win_kind_by_kind(tmp_path: Path) -> None:
    """Its own folder comes before what is shipped."""
    folders = [tmp_path / "own", tmp_path / "shipped"]
    for folder, by in zip(folders, ("own", "theirs"), strict=True):
        (folder / "fr").mkdir(parents=True)
        held = Reviews(drafted_by=by).approved(KIND, approval(by, _AT, by, native=False))
        held = held.approved(f"only_{by}", approval(by, _AT, by, native=False))
        (folder / "fr/review.toml").write_text(write_reviews(held), encoding="utf-8")
    found = load_reviews(folders, "fr")
    assert found.drafted_by == "own"
    assert {name: one.by for name, one in found.approvals.items()} == {
        KIND: "own",
        "only_own": "own",
        "only_theirs": "theirs",
    }


@pytest.mark.parametrize("tag", ["ar", "es", "fr", "zgh"])
def test_what_is_shipped_claims_no_reader_that_it_did_not_have(tag: str) -> None:
    """The file says who wrote the texts, no more; who really reads them all changes this test."""
    found = load_reviews([bootstrap.shipped("locales")], tag)
    assert found.drafted_by == "the authors of Broadcaster"
    assert not [one for one in found.approvals.values() if one.standing is Standing.REVIEWED]
