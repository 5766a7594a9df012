"""Bringing catalogues into step: nothing is lost, and nothing that is guessed is ever used."""

import pytest

from broadcaster.errors import ConfigurationError
from broadcaster.render.extract import Use
from broadcaster.render.merging import Ways, template, update
from broadcaster.render.pofile import Entry, Key, PoFile, write
from broadcaster.render.poreader import read

_HEADER = 'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=n > 1;\\n"\n'
_OLD = "Do not drink the water of %(place)s"
_NEW = "Do not drink any water of %(place)s"


def use(text: str, plural: str | None = None, **more: str) -> Use:
    """Ask for a text."""
    return Use(
        key=Key(more.get("context"), text, plural),
        template=more.get("place", "a/sms/body.txt"),
        line=1,
        comments=(more["note"],) if "note" in more else (),
    )


def texts(*uses: Use) -> PoFile:
    """Make a list of texts."""
    return template(uses)


def catalogue(body: str) -> PoFile:
    """Read a catalogue."""
    return read(f"{_HEADER}\n{body}", "fr.po")


def by_text(po: PoFile) -> dict[str, Entry]:
    """Give the entries in use by their text."""
    return {entry.key.singular: entry for entry in po.used()}


def test_a_changed_text_brings_its_translation_as_a_doubt() -> None:
    """It is fuzzy and tells the former text; the former translation itself is kept too."""
    po = update(catalogue(f'msgid "{_OLD}"\nmsgstr "Eau de %(place)s"\n'), texts(use(_NEW)))
    found, former = po.entries
    assert (found.strings, found.flags) == (("Eau de %(place)s",), ("fuzzy", "python-format"))
    assert found.previous == Key(None, _OLD, None)
    assert (former.obsolete, former.strings) == (True, ("Eau de %(place)s",))


def test_no_suggestion_where_none_is_wanted_or_the_facts_differ() -> None:
    """A text with other facts in it is another text; so is one in another context."""
    old = catalogue(f'msgid "{_OLD}"\nmsgstr "Eau de %(place)s"\n')
    for other in (
        use(_NEW.replace("place", "town")),
        use(_NEW, context="title"),
        use(_NEW, "Do not drink any waters of %(place)s"),
        use("Something else altogether of %(place)s"),
    ):
        assert not any(update(old, texts(other)).entries[0].strings)
    assert not any(update(old, texts(use(_NEW)), Ways(suggest=False)).entries[0].strings)


def test_who_empties_a_suggestion_is_not_given_it_again() -> None:
    """The next update leaves it empty, and so the check finds nothing to do."""
    old = catalogue(f'msgid "{_OLD}"\nmsgstr "Eau de %(place)s"\n')
    emptied = write(update(old, texts(use(_NEW)))).replace("#, fuzzy, python", "#, python")
    emptied = emptied.replace('"Eau de %(place)s"', '""', 1)
    assert not any(update(read(emptied, "fr"), texts(use(_NEW))).entries[0].strings)


def test_what_is_gone_comes_back_with_its_text() -> None:
    """A text that was taken out and put in again has its translation, certain as it was."""
    one = catalogue('# Of the house.\nmsgid "Water"\nmsgstr "Eau"\n')
    without = update(one, texts(use("Gas")))
    assert without.entries[-1].obsolete
    back = update(read(write(without), "fr"), texts(use("Water")))
    assert (back.entries[0].strings, back.entries[0].fuzzy) == (("Eau",), False)
    assert back.entries[0].comments == (" Of the house.",)
    assert [entry.key.singular for entry in back.entries] == ["Water"]


def test_what_is_gone_can_be_dropped() -> None:
    """When somebody says so."""
    one = catalogue('msgid "Water"\nmsgstr "Eau"\n')
    assert [e.key.singular for e in update(one, texts(use("Gas")), Ways(keep=False)).entries] == [
        "Gas"
    ]


def test_a_text_that_now_counts_is_a_doubt() -> None:
    """Its one translation stands for the first form; the others are empty, and it is fuzzy."""
    po = update(
        catalogue('msgid "Street"\nmsgstr "Rue"\n'), texts(use("Street", "%(count)s streets"))
    )
    assert (po.entries[0].strings, po.entries[0].fuzzy) == (("Rue", ""), True)
    assert po.entries[0].previous == Key(None, "Street", None)


def test_updating_twice_changes_nothing() -> None:
    """Whatever the first time did."""
    wanted = texts(use(_NEW), use("Gas", note="Not petrol."), use("a", "b"))
    once = write(update(catalogue(f'msgid "{_OLD}"\nmsgstr "Eau"\n'), wanted))
    assert write(update(read(once, "fr"), wanted)) == once


def test_what_translators_are_told_is_joined() -> None:
    """One text in two places has both places and both notes, once each."""
    (entry,) = texts(
        use("Gas", place="a", note="Not petrol."),
        use("Gas", place="b", note="Short."),
        use("Gas", place="a", note="Short."),
    ).entries
    assert (entry.places, entry.notes) == (("a", "b"), ("Not petrol.", "Short."))


def test_translators_own_flags_and_comments_stay() -> None:
    """Also on a text that is not translated yet."""
    body = '# Ask Amina.\n#, max-length:9\nmsgid "Gas"\nmsgstr ""\n'
    (entry,) = update(catalogue(body), texts(use("Gas"))).entries
    assert (entry.comments, entry.flags) == ((" Ask Amina.",), ("max-length:9",))


def test_one_text_that_counts_here_and_not_there_is_refused() -> None:
    """Catalogues tell texts apart by context and singular alone: one of them would be lost."""
    with pytest.raises(ConfigurationError, match=r"b: 'Street' stands in a .* context"):
        texts(use("Street", place="a"), use("Street", "Streets", place="b"))


def test_contexts_tell_texts_apart() -> None:
    """May the month, may the verb."""
    po = catalogue('msgctxt "month"\nmsgid "May"\nmsgstr "mai"\n')
    found = update(po, texts(use("May"), use("May", context="month"))).entries
    assert [entry.strings for entry in found] == [("",), ("mai",)]


def test_own_words_for_what_is_shipped_stay() -> None:
    """A text that no own kind asks for but a shipped one does is kept where it is translated."""
    body = 'msgid "Hello"\nmsgstr "Salam"\n\nmsgid "Bye"\nmsgstr "Salut"\n'
    ways = Ways(others=texts(use("Hello"), use("Street")))
    po = update(catalogue(body), texts(use("Water")), ways)
    assert [(one.key.singular, one.obsolete) for one in po.entries] == [
        ("Water", False),
        ("Hello", False),
        ("Bye", True),
    ]
