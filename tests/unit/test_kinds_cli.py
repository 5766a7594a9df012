"""`broadcaster kinds`: lists, checks and previews, and one clear line for what is wrong."""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from broadcaster.cli import main

_ROOT = Path(__file__).parents[2]


class Result(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


class Command:
    """Runs `broadcaster kinds`."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Keep what captures the output."""
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Result:
        """Run it; the exit code is that of the process."""
        code = 0
        try:
            main(["kinds", *arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = self._capsys.readouterr()
        return Result(code, out, err)


@pytest.fixture
def kinds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    """Give the command, with a home of its own."""
    monkeypatch.setenv("BROADCASTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return Command(capsys)


def test_list(kinds: Command) -> None:
    """The list names each kind and where it may go; JSON also its facts."""
    assert "remote_services" in kinds("list").out
    listed = {kind["kind"]: kind for kind in json.loads(kinds("list", "--json").out)}
    assert {"planned_outage", "withdrawal", "water_boil", "service_survey"} <= set(listed)
    kind = listed["remote_services"]
    assert kind["locales"] == ["ar", "en", "es", "fr"]
    assert kind["facts"]["call_centre"]["default"]["display"] == "0522312020"


def test_check_passes_what_is_shipped(kinds: Command) -> None:
    """The founding kind has no error, counted with the real counter of segments."""
    result = kinds("check", "remote_services")
    assert (result.code, result.err) == (0, "")
    assert "remote_services: no errors" in result.out
    findings = json.loads(kinds("check", "remote_services", "--json").out)
    assert [finding["severity"] for finding in findings] == ["info"]
    assert findings[0]["locale"] == "zgh"


def test_check_fails_on_an_error(
    kinds: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A kind of the organisation with a fault ends with exit code 1 and says what to do."""
    shutil.copytree(_ROOT / "templates/remote_services", tmp_path / "own/remote_services")
    (tmp_path / "own/remote_services/push/title.txt").unlink()
    monkeypatch.setenv("BROADCASTER_TEMPLATES", str(tmp_path / "own"))
    result = kinds("check")
    assert result.code == 1
    assert "push/title.txt" in result.out
    assert "1 error" in result.out or "errors" in result.out


def test_preview_shows_the_sms_with_its_size(kinds: Command) -> None:
    """The preview of an SMS is the text itself on standard output, its size beside."""
    result = kinds("preview", "remote_services", "--locale", "ar", "--channel", "sms")
    assert result.out == "ليدك: قلصوا تنقلكم للوكالات. الهاتف:\n0522312020\nclient.lydec.ma\n"
    assert "UCS-2, 63 units, segments: 1" in result.err
    shown = json.loads(
        kinds("preview", "remote_services", "--locale", "fr", "--channel", "sms", "--json").out
    )
    assert shown["sms"] == {"encoding": "GSM-7", "units": 146, "segments": 1}


@pytest.mark.parametrize("channel", ["email", "push", "web"])
@pytest.mark.parametrize("locale", ["ar", "zgh", "en-XA"])
def test_preview_shows_every_channel(kinds: Command, locale: str, channel: str) -> None:
    """Every part can be looked at, in unreviewed and pseudo locales too, marked as refused."""
    result = kinds("preview", "remote_services", "--locale", locale, "--channel", channel, "--json")
    shown = json.loads(result.out)
    assert all(shown["parts"].values())
    assert (shown["refused"] is None) == (locale == "ar")


def test_preview_with_facts_of_a_file(kinds: Command, tmp_path: Path) -> None:
    """Facts come from JSON or TOML; mark-up in them comes out as text."""
    (tmp_path / "facts.json").write_text('{"sender": "<script>"}', encoding="utf-8")
    (tmp_path / "facts.toml").write_text('sender = "Amendis"', encoding="utf-8")
    call = ["preview", "remote_services", "--locale", "fr", "--channel", "web", "--facts"]
    assert "<script" not in kinds(*call, str(tmp_path / "facts.json")).out
    assert "Amendis" in kinds(*call, str(tmp_path / "facts.toml")).out


@pytest.mark.parametrize(
    ("kind", "locale", "channel", "problem"),
    [
        ("nothing", "ar", "sms", "Use one of branch_hours"),
        ("remote_services", "tlh", "sms", "locale: 'tlh' is unknown"),
        ("remote_services", "../ar", "sms", "locale"),
        ("remote_services", "ar", "fax", "sms, email, push, web"),
    ],
)
def test_unknown_names_are_one_clear_line(
    kinds: Command, kind: str, locale: str, channel: str, problem: str
) -> None:
    """An unknown kind, locale or channel is refused with what there is; exit code 2."""
    result = kinds("preview", kind, "--locale", locale, "--channel", channel)
    assert (result.code, result.out) == (2, "")
    assert problem in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("empty.json", b"", "is empty"),
        ("huge.json", b" " * 1_000_001, "larger than"),
        ("latin.json", b'{"sender": "\xe9"}', "not UTF-8"),
        ("broken.json", b'{"sender": ', "not JSON"),
        ("deep.json", b"[" * 100_000, "not JSON"),
        ("list.json", b"[1]", "holds no table"),
        ("twice.json", b'{"sender": "a", "sender": "b"}', "given twice"),
        ("nan.json", b'{"sender": NaN}', "NaN is no number"),
        ("number.json", b'{"sender": 5}', "facts.sender: is not a text for each language"),
        ("unknown.json", b'{"sendr": "x"}', "facts.sendr: is no fact"),
        ("long.json", b'{"sender": "' + b"x" * 31 + b'"}', "31 characters"),
        ("url.json", b'{"online": "http://x.test"}', "not an https address"),
        ("spoof.json", '{"sender": "a\u202eb"}'.encode(), "U+202E"),
        ("null.json", b'{"sender": null}', "facts.sender: is missing"),
        ("broken.toml", b"sender = ", "not TOML"),
    ],
)
def test_bad_fact_files_are_one_clear_line(
    kinds: Command, tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    """A bad file of facts is refused with its place, problem and remedy; exit code 2."""
    (tmp_path / name).write_bytes(content)
    call = ["preview", "remote_services", "--locale", "fr", "--channel", "sms", "--facts"]
    result = kinds(*call, str(tmp_path / name))
    assert (result.code, result.out) == (2, "")
    assert problem in result.err
    assert result.err.count("\n") == 1


def test_a_missing_or_unfit_file_is_named(kinds: Command, tmp_path: Path) -> None:
    """A file that is not there, or is a folder, is named."""
    call = ["preview", "remote_services", "--locale", "fr", "--channel", "sms", "--facts"]
    for path in (tmp_path / "none.json", tmp_path):
        result = kinds(*call, str(path))
        assert result.code == 2
        assert "cannot be read" in result.err


def test_extract_brings_catalogues_into_step(kinds: Command, tmp_path: Path) -> None:
    """Extraction writes what changed, and nothing the second time."""
    shutil.copytree(_ROOT / "templates", tmp_path / "templates")
    shutil.copytree(_ROOT / "locales", tmp_path / "locales")
    title = tmp_path / "templates/remote_services/push/title.txt"
    title.write_text("{% trans %}Something new{% endtrans %}", encoding="utf-8")
    call = ["extract", "--templates", str(title.parents[2]), "--locales", f"{tmp_path}/locales"]
    first = kinds(*call)
    assert first.out.count("is changed") == 5
    catalogue = (tmp_path / "locales/ar/LC_MESSAGES/advisories.po").read_text(encoding="utf-8")
    assert 'msgid "Something new"\nmsgstr ""' in catalogue
    assert kinds(*call).out == ""


def test_extract_never_empties_catalogues_by_mistake(kinds: Command, tmp_path: Path) -> None:
    """A folder without kinds, or one that is not there, throws no translation away."""
    shutil.copytree(_ROOT / "locales", tmp_path / "locales")
    before = (tmp_path / "locales/ar/LC_MESSAGES/advisories.po").read_bytes()
    for name in ("none", "locales"):
        call = ["extract", "--templates", str(tmp_path / name), "--locales", f"{tmp_path}/locales"]
        result = kinds(*call)
        assert result.code == 2
        assert "holds no kind" in result.err
    assert (tmp_path / "locales/ar/LC_MESSAGES/advisories.po").read_bytes() == before
    call = ["extract", "--templates", str(_ROOT / "templates"), "--locales", str(tmp_path / "no")]
    assert "is no folder" in kinds(*call).err


def test_a_mail_is_shown_as_text_and_as_html_on_demand(kinds: Command) -> None:
    """With the names of its parts, all on standard output."""
    call = ("preview", "remote_services", "--locale", "fr", "--channel", "email")
    text, html = kinds(*call), kinds(*call, "--html")
    assert text.out.startswith("email/subject.txt\n")
    assert "<html" not in text.out
    assert "email/body.txt" not in html.out
    assert "<html" in html.out


def test_names_are_whole_on_a_narrow_terminal(
    kinds: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit goes on in the next line."""
    monkeypatch.setenv("COLUMNS", "80")
    listed = kinds("list").out
    assert "water_do_not_drink " in listed
    assert "…" not in listed
    shown = kinds("facts", "planned_outage")
    assert "call_centre " in shown.out
    assert "kinds facts planned_outage --toml" in shown.out


def test_letters_that_make_an_sms_dear_are_named_with_where_they_come_from(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A letter of a fact is not blamed on the text."""
    kind = json.loads(
        Command(capsys)("preview", "unplanned_outage", "--locale=fr", "--channel=sms", "--json").out
    )
    assert kind["sms"]["encoding"] == "GSM-7"
    file = tmp_path / "facts.json"
    file.write_text(
        json.dumps({"service": "water", "districts": ["Les Crêtes", "Bel Âge"]}), encoding="utf-8"
    )
    words = ("preview", "unplanned_outage", "--locale=fr", "--channel=sms", f"--facts={file}")
    said = Command(capsys)(*words)
    assert "ê is not in GSM-7; it comes from facts.districts." in said.err
    assert "Â is not in GSM-7; it comes from facts.districts." in said.err
