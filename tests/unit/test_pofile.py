"""PO files: what other tools write is kept to the byte, and others read what we write alike."""

import re
import shutil
import subprocess
from pathlib import Path

import polib  # type: ignore[import-untyped]  # (it brings no types)
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster import bootstrap
from broadcaster.errors import ConfigurationError
from broadcaster.render.pofile import Entry, Key, PoFile, write
from broadcaster.render.poreader import read

_LOCALES = bootstrap.shipped("locales")
_FILES = [*sorted(_LOCALES.glob("*.pot")), *sorted(_LOCALES.glob("*/LC_MESSAGES/*.po"))]
_HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Plural-Forms: nplurals=2; plural=n > 1;\\n"\n'
)
#: What a file looks like that has been through GNU gettext, Poedit and Weblate.
_TRAVELLED = """\
# French for the house.
# Amina <amina@example.invalid>, 2026.
msgid ""
msgstr ""
"Project-Id-Version: Broadcaster\\n"
"PO-Revision-Date: 2026-05-01 08:00+0100\\n"
"Last-Translator: Amina <amina@example.invalid>\\n"
"Language-Team: French <https://example.invalid/projects/fr/>\\n"
"Language: fr\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=n > 1;\\n"
"X-Generator: Weblate 5.5\\n"

# Le client, pas l'abonné.
#. The title of a push message, 50 characters at most.
#: water_boil/push/title.txt water_boil/web/page.html
#, fuzzy, python-format, max-length:50
#| msgctxt "title"
#| msgid "Boil the water at %(place)s"
msgctxt "title"
msgid "Boil the water of %(place)s"
msgstr "Faites bouillir l’eau à %(place)s"

#: a.txt
#, python-format
msgid "%(count)s street"
msgid_plural "%(count)s streets"
msgstr[0] "%(count)s rue"
msgstr[1] "%(count)s rues"

#: a.txt
msgid ""
"First line.\\n"
"Second \\"line\\" with a tab\\t and a back\\\\slash."
msgstr ""
"Ligne 1.\\n"
"Ligne 2."

#, fuzzy
#~| msgid "Older"
#~ msgid "Old"
#~ msgstr "Vieux"

# Gardé pour mémoire.
#~ msgctxt "month"
#~ msgid "May"
#~ msgid_plural "Mays"
#~ msgstr[0] "mai"
#~ msgstr[1] "mais"
"""


def _bodies(text: str) -> list[str]:
    """Give the entries of a file, each list of places on one line as polib writes it."""
    joined = re.sub(r"(?m)^(#: .*)(?:\n#: (.*))+", lambda m: m[0].replace("\n#: ", " "), text)
    return joined.rstrip("\n").split("\n\n")[1:]


def test_a_file_that_has_travelled_is_kept_to_the_byte() -> None:
    """Header, dates, comments, flags, former texts and obsolete entries, in their order."""
    assert write(read(_TRAVELLED, "fr")) == _TRAVELLED


def test_a_travelled_file_is_read_as_it_is_meant() -> None:
    """The former text, the flags and the escapes."""
    fuzzy, _, lines, old, month = read(_TRAVELLED, "fr").entries
    assert fuzzy.previous == Key("title", "Boil the water at %(place)s", None)
    assert fuzzy.flags == ("fuzzy", "python-format", "max-length:50")
    assert lines.key.singular == 'First line.\nSecond "line" with a tab\t and a back\\slash.'
    assert (old.obsolete, old.previous) == (True, Key(None, "Older", None))
    assert month.key == Key("month", "May", "Mays")


@pytest.mark.parametrize("path", _FILES, ids=lambda path: "-".join(path.parts[-3:]))
def test_what_is_shipped_goes_round_through_an_independent_reader(path: Path) -> None:
    """Written by us, read and written by polib, it differs in the breaking of places alone."""
    text = path.read_text("utf-8")
    assert write(read(text, path.name)) == text
    assert _bodies(str(polib.pofile(text, wrapwidth=0))) == _bodies(text)


def test_an_independent_reader_keeps_a_travelled_file() -> None:
    """Polib reads it as we do and writes the same, but for what obsolete texts once were."""
    text = _TRAVELLED.replace('#~| msgid "Older"\n', "")
    assert _bodies(str(polib.pofile(text, wrapwidth=0))) == _bodies(text)


@pytest.mark.skipif(shutil.which("msgcat") is None, reason="GNU gettext is not on this machine")
def test_gnu_gettext_writes_the_same_bytes(tmp_path: Path) -> None:
    """With lines that are not wrapped: as Poedit and Weblate are told in docs/translating.md."""
    travelled = tmp_path / "travelled.po"
    # GNU gettext alone drops flags that it does not know.
    travelled.write_text(_TRAVELLED.replace(", max-length:50", ""), encoding="utf-8")
    for path in (travelled, *_FILES):
        call = ["msgcat", "--no-wrap", str(path)]
        done = subprocess.run(call, check=True, capture_output=True)  # noqa: S603  (a fixed command)
        assert done.stdout.decode() == path.read_text("utf-8"), path


def test_wrapped_lines_are_read_whole() -> None:
    """Whatever a tool wraps comes back unwrapped, and the texts are the same."""
    wrapped = f'{_HEADER}\nmsgid ""\n"One "\n"two"\nmsgstr ""\n"Un "\n"deux"\n'
    assert write(read(wrapped, "fr")) == f'{_HEADER}\nmsgid "One two"\nmsgstr "Un deux"\n'


def test_a_header_in_one_line_is_written_field_by_field() -> None:
    """As Weblate leaves it where it is told to break nothing at all."""
    bare = _HEADER.replace('msgstr ""\n', "msgstr ").replace('\\n"\n"', "\\n")
    assert bare.count("\n") == 2
    assert write(read(f"# Ours.\n{bare}", "fr")) == f"# Ours.\n{_HEADER}"


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)


@settings(max_examples=60)
@given(context=st.none() | _TEXT, texts=st.lists(_TEXT, min_size=3, max_size=4))
def test_any_text_comes_back(context: str | None, texts: list[str]) -> None:
    """Line breaks of every sort, quotes and controls included."""
    counts = len(texts) > 3
    key = Key(context, texts[0], texts[1] if counts else None)
    entry = Entry(key=key, strings=tuple(texts[2:]) if counts else (texts[2],))
    found = read(write(PoFile(header=_HEADER, entries=(entry,))), "fr").entries[0]
    assert (found.key, found.strings) == (entry.key, entry.strings)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("garbage", "line 6: is neither"),
        ('msgid "a"\nmsgid "b"\n', "line 7: has msgid twice"),
        ('msgid "a\n', "line 6: is neither"),
        ('msgid "a"\n', "line 6: is not a whole entry"),
        ('msgstr "a"\n', "line 6: has msgstr twice"),
        ('msgid "a"\nmsgstr[0] "b"\n', "line 6: has other plural forms"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr "c"\n', "line 6: has other plural forms"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[1] "c"\n', "line 6: has other plural forms"),
        ('msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n', "line 9: stands already in line 6"),
        ('msgid "a"\nmsgstr "b"\n<<<<<<< HEAD\n', "line 8: is neither"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(text: str, problem: str) -> None:
    """A half read catalogue would lose texts in silence; so would the marks of a merge."""
    with pytest.raises(ConfigurationError, match=re.escape(f"fr.po, {problem}")):
        read(f"{_HEADER}\n{text}", "fr.po")
