"""`broadcaster kinds sheet`: a file of how kinds read, or one clear line and no file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcaster.cli import main
from tests.sheets import parse, seen

Said = tuple[int, str, str]


@pytest.fixture
def sheet(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Said]:
    """Give the command, with a home of its own and no browser."""
    monkeypatch.setenv("BROADCASTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BROADCASTER_BROWSER", str(tmp_path / "no-browser"))

    def running(*words: str) -> Said:
        with pytest.raises(SystemExit) as ended:
            main(["kinds", "sheet", *words])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return running


def test_a_sheet_is_written_as_one_file(sheet: Callable[..., Said], tmp_path: Path) -> None:
    """The kinds and locales that were named, in the looks that were asked for."""
    target = tmp_path / "sheet.html"
    words = ("remote_services", "--locale", "ar,fr", "--both", "--words", "fr", "--json")
    code, out, err = sheet(*words, "--output", str(target))
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "output": str(target),
        "kinds": ["remote_services"],
        "locales": ["ar", "fr"],
        "looks": ["light", "dark"],
        "messages": 8,
        "faults": 0,
    }
    page = parse(target.read_text("utf-8"))
    assert len(list(page.all("section"))) == 2
    assert "Services à distance" in next(page.all("h2")).text()


def test_one_that_cannot_be_shown_is_told(
    sheet: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A broken kind of the organisation is on the sheet, and nobody has to look for it."""
    (tmp_path / "own" / "broken").mkdir(parents=True)
    monkeypatch.setenv("BROADCASTER_TEMPLATES", str(tmp_path / "own"))
    target = tmp_path / "sheet.html"
    code, out, err = sheet("broken", "remote_services", "--output", str(target), "--dark")
    assert (code, err) == (0, "1 cannot be shown; the sheet says why in their place.\n")
    assert out == f"{target}: 16 messages of 2 kinds, in ar, en, es, fr.\n"
    assert "kind.toml: is missing" in " ".join(seen(parse(target.read_text("utf-8"))))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--output", "sheet.pdf"), "'sheet.pdf' says neither page nor picture"),
        (("--output", "sheet.png"), "is no program. Install Chromium"),
        (("--output", "none/sheet.html"), "none/sheet.html: No such file or directory"),
        (("--output", "sheet.html", "--words", "tlh"), "--words: 'tlh' is no locale here"),
        (("--output", "sheet.html", "--locale", "tlh"), "locale: 'tlh' is unknown"),
        (("no_kind", "--output", "sheet.html"), "kind: 'no_kind' is unknown"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    sheet: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: tuple[str, ...],
    problem: str,
) -> None:
    """Field, problem and remedy; and no file, not even a part of one."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    given = words if "no_kind" in words else ("remote_services", *words)
    code, _, err = sheet(*given)
    assert code == 2
    assert problem in err
    assert err.count("\n") == 1
    assert list((tmp_path / "here").iterdir()) == []


def test_a_sheet_of_the_facts_of_a_file(sheet: Callable[..., Said], tmp_path: Path) -> None:
    """One kind with the facts that it is to tell; of several kinds they are refused."""
    facts, target = tmp_path / "facts.toml", tmp_path / "sheet.html"
    facts.write_text('sender = "Amendis"', encoding="utf-8")
    words = ("--facts", str(facts), "--locale", "fr", "--output", str(target))
    assert sheet("remote_services", *words)[0] == 0
    assert "Amendis" in target.read_text("utf-8")
    code, _, err = sheet(*words)
    assert code == 2
    assert "--facts: are those of one kind" in err
