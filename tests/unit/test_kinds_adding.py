"""`kinds add`: what is handed over is read within bounds, checked, and put in place or not."""

import os
import shutil
import stat
import threading
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from broadcaster.channels.sms import measure
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError
from broadcaster.render import placing, upload
from broadcaster.render.check import KindChecker
from broadcaster.render.exchanging import exchange
from broadcaster.render.findings import Gravity
from broadcaster.render.placing import Added
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.sources import read_folder
from broadcaster.render.upload import read_upload
from tests import wordings

SMALL = {
    "kind.toml": 'channels = ["sms"]\n[facts.sender]\ntype = "name"\ndefault = {und="L", ar="ل"}\n',
    "sms/body.txt": "{% trans sender=facts.sender %}{{ sender }}: the water is back.{% endtrans %}",
}
_PO = 'msgid ""\nmsgstr ""\n"Plural-Forms: {header}\\n"\n\nmsgid "%(sender)s: the water is back."\n'
_AR = (
    "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : "
    "n%100>=11 ? 4 : 5;"
)
TRANSLATED = {
    **SMALL,
    "locales/ar.po": _PO.format(header=_AR) + 'msgstr "%(sender)s: عاد الماء."\n',
    "locales/fr.po": _PO.format(header="nplurals=2; plural=n>1;") + 'msgstr "%(sender)s : eau."\n',
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Give the organisation's own folder, with nothing in it."""
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files into a folder."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def pack(file: Path, files: Mapping[str, str], below: str = "") -> Path:
    """Pack files into an archive."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(below + path, text)
    return file


def add(source: Path, own: Path, *, replace: bool = False) -> Added:
    """Add a kind, checked beside the locales that are shipped."""

    def check(staging: Path) -> KindChecker:
        texts = TemplateRenderer(
            [staging, own, wordings.ROOT / "templates"],
            [wordings.ROOT / "locales"],
            default_locale="ar",
            time_zone="UTC",
        )
        return KindChecker(renderer=texts, measure=measure)

    return placing.add(read_upload(source), own, check, replace=replace)


def test_all_mistakes_of_a_kind_are_told_at_once(tmp_path: Path, own: Path) -> None:
    """Of kind.toml, of the templates and of files that do not belong there, with true remedies."""
    toml = (
        'channels = ["sms", "fax"]\ncolour = "red"\n[facts.sender]\ntype = "name"\n'
        'default = {und="L", ar="ل"}\n[facts.when]\ntype = "datetime"\n[facts.sum]\n'
        'type = "number"\nsample = "many"\nmax_length = "long"\n'
    )
    files = {
        "kind.toml": toml,
        "sms/body.txt": "{% trans %}Hello",
        "push/title.txt": "{{ facts.",
        "notes.txt": "x",
    }
    added = add(write(tmp_path / "k" / "mine", files), own)
    assert not added.placed
    told = {(one.part, one.place): (one.problem, one.remedy) for one in added.findings}
    assert told["kind.toml", "channels"] == ("names 'fax', which is unknown", "Check the spelling.")
    assert told["kind.toml", "colour"] == ("is unknown", "Check its spelling.")
    assert told["kind.toml", "facts.when"] == (
        "has neither default nor sample",
        'Add a sample for previews, such as "2026-05-01T08:00:00+01:00".',
    )
    assert told["kind.toml", "facts.sum.sample"] == ("is not a number", "Give a number.")
    assert told["kind.toml", "facts.sum.max_length"] == ("is not a number", "Write a number.")
    assert {"sms/body.txt", "push/title.txt", "notes.txt"} <= {part for part, _ in told}
    assert not any("Until then" in remedy for _, remedy in told.values())
    assert list(own.iterdir()) == []


def test_a_folder_and_an_archive_of_it_are_added(tmp_path: Path, own: Path) -> None:
    """A kind with its translations is whole in every approved locale, and offered in them."""
    assert add(write(tmp_path / "water_back", TRANSLATED), own).placed
    assert add(pack(tmp_path / "some.zip", TRANSLATED, "tap_open/"), own).placed
    assert add(pack(tmp_path / "pipe_new.zip", {**TRANSLATED, "__MACOSX/x": "y"}), own).placed
    texts = wordings.renderer(own)
    assert {name: kind.locales for name, kind in texts.kinds.items()} == dict.fromkeys(
        ("pipe_new", "tap_open", "water_back"), ("ar", "en", "fr")
    )
    assert sorted(path.name for path in own.iterdir()) == ["pipe_new", "tap_open", "water_back"]


def test_a_kind_with_faults_is_refused_with_all_of_them(tmp_path: Path, own: Path) -> None:
    """Missing translations, a missing part and a number written out are told together."""
    files = {
        "kind.toml": SMALL["kind.toml"].replace('["sms"]', '["sms", "push"]'),
        "sms/body.txt": "{% trans %}Call 0522312020 now.{% endtrans %}",
    }
    added = add(write(tmp_path / "faulty", files), own)
    problems = [one.problem for one in added.findings]
    assert not added.placed
    assert any("phone number written out" in one for one in problems)
    assert problems.count("is missing") == 2
    untranslated = {one.locale for one in added.findings if "is not translated" in one.problem}
    # The default; that nobody began in the others is for the organisation to know, no fault.
    assert untranslated == {"ar", "es", "fr", "zgh"}
    errors = [one for one in added.findings if one.gravity is Gravity.ERROR]
    assert {one.locale for one in errors if "not translated" in one.problem} == {"ar"}
    assert list(own.iterdir()) == []


def test_one_that_is_there_is_replaced_on_demand_alone(tmp_path: Path, own: Path) -> None:
    """Without --replace it stays; with it the new one takes its place, unless it has faults."""
    source = write(tmp_path / "water_back", TRANSLATED)
    add(source, own)
    (own / "water_back/words.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConflictError, match="--replace"):
        add(source, own)
    broken = write(tmp_path / "other/water_back", {"kind.toml": "channels = 5"})
    assert not add(broken, own, replace=True).placed
    assert (own / "water_back/words.txt").exists()
    assert add(source, own, replace=True).replaced
    assert not (own / "water_back/words.txt").exists()
    assert [path.name for path in own.iterdir()] == ["water_back"]


def test_should_the_move_fail_the_former_one_is_put_back(
    tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no single step, a disk that refuses the second leaves the first undone."""
    monkeypatch.setattr(placing, "exchange", lambda *_: False)
    source = write(tmp_path / "water_back", TRANSLATED)
    add(source, own)
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if target == own / "water_back" and self.name == "water_back":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(InvalidInputError, match="No space left"):
        add(source, own, replace=True)
    assert [path.name for path in own.iterdir()] == ["water_back"]


def test_whoever_reads_while_a_kind_is_replaced_finds_one_or_the_other(
    tmp_path: Path, own: Path
) -> None:
    """All files of one, at every moment: never nothing, and never some of each."""
    place = own / "water_back"
    _say(place, "first")
    _say(tmp_path / "second", "second")
    if not exchange(tmp_path / "second", place):
        pytest.skip("this file system has no such step")
    done = threading.Event()

    def replace() -> int:
        times = 0
        while not done.is_set():
            times += 1
            aside = tmp_path / f"aside{times}"
            _say(aside, str(times))
            assert exchange(aside, place)
            shutil.rmtree(aside)
        return times

    with ThreadPoolExecutor(1) as pool:
        replacing = pool.submit(replace)
        try:
            found = [read_folder(place) for _ in range(300)]
        finally:
            done.set()
        assert replacing.result() > 1
    assert {(len(texts), len(set(texts.values()))) for texts in found} == {(3, 1)}


def _say(folder: Path, word: str) -> None:
    write(folder, dict.fromkeys(("kind.toml", "words.txt", "sms/body.txt"), word))


def test_a_kind_is_removed_and_nothing_else(tmp_path: Path, own: Path) -> None:
    """Only what is in the folder goes, by its own name."""
    add(write(tmp_path / "water_back", TRANSLATED), own)
    for name in ("nothing", "../own", ".", "", "_base", ".kind-x"):
        with pytest.raises(NotFoundError):
            placing.remove(name, own)
    placing.remove("water_back", own)
    assert list(own.iterdir()) == []


def _zip_link(file: Path) -> Path:
    pack(file, SMALL)
    with zipfile.ZipFile(file, "a") as archive:
        info = zipfile.ZipInfo("words.txt")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return file


def _zip_twice(file: Path) -> Path:
    pack(file, SMALL)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("SMS/body.txt", "x")
    return file


def _zip_liar(file: Path) -> Path:
    """Say in the archive that a large file is a small one."""
    pack(file, {**SMALL, "words.txt": "x" * 5_000_000})
    data = file.read_bytes().replace((5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    file.write_bytes(data)
    return file


def _encrypted(file: Path) -> Path:
    pack(file, SMALL)
    data = bytearray(file.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(bytes(data))
    return file


_TOO_DEEP = "a = " + "[" * 90_000
_TOO_MANY_PARTS = f"a{'.b' * 90_000} = 1"


@pytest.mark.parametrize(
    ("name", "make", "problem"),
    [
        ("k.zip", lambda f: pack(f, {**SMALL, "../evil.txt": "x"}), "name that no file"),
        ("k.zip", lambda f: pack(f, {**SMALL, "/etc/evil.txt": "x"}), "name that no file"),
        ("k.zip", lambda f: pack(f, {**SMALL, "a\\..\\b.txt": "x"}), "name that no file"),
        ("k.zip", lambda f: pack(f, {**SMALL, "sms/.body.txt": "x"}), "name that no file"),
        ("k.zip", lambda f: pack(f, {**SMALL, "a/b/c/d/e.txt": "x"}), "name that no file"),
        ("k.zip", lambda f: pack(f, {**SMALL, "run.py": "x"}), "is no file of a kind"),
        ("k.zip", lambda f: pack(f, {**SMALL, "words.txt": "x" * 300_000}), "larger than"),
        ("k.zip", lambda f: pack(f, {**SMALL, "words.txt": "0" * 60_000_000}), "larger than"),
        (
            "k.zip",
            lambda f: pack(f, {**SMALL, **{f"a{n}.txt": "x" * 150_000 for n in range(20)}}),
            "all files together",
        ),
        (
            "k.zip",
            lambda f: pack(f, {**SMALL, **{f"a{n}.txt": "x" for n in range(200)}}),
            "more than 100 files",
        ),
        (
            "k.zip",
            lambda f: pack(f, {**SMALL, **{f"a{n}.py": "x" for n in range(2000)}}),
            "more than 100 files",
        ),
        ("k.zip", lambda f: pack(f, {**SMALL, "kind.toml": _TOO_DEEP}), "nested too deeply"),
        ("k.zip", lambda f: pack(f, {**SMALL, "kind.toml": _TOO_MANY_PARTS}), "300 dots"),
        ("k.zip", lambda f: pack(f, {**SMALL, "kind.toml": f"a = {'9' * 9000}"}), "is not TOML"),
        ("k.zip", _zip_link, "is a link"),
        ("k.zip", _zip_twice, "is there twice"),
        ("k.zip", _zip_liar, "cannot be read"),
        ("k.zip", _encrypted, "is encrypted"),
        ("k.zip", lambda f: pack(f, {"sms/body.txt": "x", "a.txt": "y"}), "is missing"),
    ],
)
def test_a_hostile_archive_is_refused_and_leaves_nothing(
    tmp_path: Path, own: Path, name: str, make: Callable[[Path], Path], problem: str
) -> None:
    """Traversal, links, bombs, lies about sizes and clutter are findings; nothing is written."""
    added = add(make(tmp_path / name), own)
    assert not added.placed
    assert any(problem in one.problem for one in added.findings), added.findings
    assert list(own.iterdir()) == []
    assert not (tmp_path / "evil.txt").exists()


def test_a_folder_with_links_pipes_and_other_encodings_is_refused(
    tmp_path: Path, own: Path
) -> None:
    """Links are not followed and pipes are not opened."""
    folder = write(tmp_path / "k", SMALL)
    (folder / "words.txt").symlink_to("/etc/passwd")
    (folder / "email").symlink_to("/etc")
    os.mkfifo(folder / "push.txt")
    (folder / "more.txt").write_bytes(b"\xff\xfe")
    added = add(folder, own)
    assert {one.part: one.problem for one in added.findings} == {
        "words.txt": "is a link, or no file",
        "email": "is a link, or no file",
        "push.txt": "is a link, or no file",
        "more.txt": "is not UTF-8 at octet 0",
    }


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none", "cannot be read"),
        ("text.zip", "no zip archive"),
        ("large.zip", "larger than"),
        ("Not A Name", "no name of a kind"),
        ("_base", "no name of a kind"),
        ("pipe", "no folder and no file"),
    ],
)
def test_what_is_no_kind_at_all_is_one_clear_line(
    tmp_path: Path, own: Path, name: str, problem: str
) -> None:
    """A missing file, a text, something too large or an odd name is refused with its problem."""
    (tmp_path / "text.zip").write_text("hello", encoding="utf-8")
    (tmp_path / "large.zip").write_bytes(b"PK" + bytes(upload.LARGEST_ARCHIVE))
    write(tmp_path / "Not A Name", SMALL)
    write(tmp_path / "_base", SMALL)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInputError, match=problem):
        add(tmp_path / name, own)


def test_a_broken_translation_stops_its_kind_alone(tmp_path: Path, own: Path) -> None:
    """A catalogue that cannot be read sets its kind aside, with the line, and no other."""
    add(write(tmp_path / "water_back", TRANSLATED), own)
    broken = {**TRANSLATED, "locales/fr.po": 'msgfoo "a"\n'}
    added = add(write(tmp_path / "broken", broken), own)
    assert (added.findings[0].part, added.findings[0].place) == ("locales/fr.po", "line 1")
    write(own / "broken", broken)
    texts = wordings.renderer(own)
    assert sorted(texts.kinds) == ["water_back"]
    assert sorted(texts.library.faults) == ["broken"]
