"""`broadcaster campaigns wording` and `campaigns check` on a real database."""

import io
import json
from pathlib import Path

import pytest

from tests.commands import Run, Said, run
from tests.rows import Pool, Rows

__all__ = ["run"]

CREATE = ("campaigns", "create", "notice", "--kind", "remote_services", "--segment", "everybody")
SMS = ("--part", "sms/body.txt", "--locale", "fr")
BRIEF = "{{ facts.sender }}: appelez le {{ facts.call_centre }} ou {{ facts.online }}."


@pytest.fixture
def town(run: Run) -> Run:
    """Some customers, a segment and a draft."""
    run("customers", "make", "40", "--seed", "3")
    run("segments", "save", "everybody", "all")
    assert run(*CREATE, "--by", "amina").code == 0
    return run


@pytest.fixture
def word(town: Run, tmp_path: Path) -> Run:
    """Word the SMS in French with a text and further options."""

    def set_(text: str, *words: str) -> Said:
        file = tmp_path / "text.txt"
        file.write_text(text, encoding="utf-8")
        return town("campaigns", "wording", "set", "notice", *SMS, "--file", str(file), *words)

    return set_


def test_a_wording_is_checked_shown_kept_and_cleared(town: Run, word: Run, pool: Pool) -> None:
    """Setting shows the text with its size; it is listed with who wrote it, and audited by hash."""
    said = word(BRIEF, "--by", "salma")
    assert said.code == 0, said
    assert "Lydec: appelez le 0522312020 ou https://client.lydec.ma." in said.out
    assert "GSM-7, 56 units, segments: 1" in said.err
    (row,) = json.loads(town("campaigns", "wording", "show", "notice", "--json").out)
    assert (row["part"], row["locale"], row["by"]) == ("sms/body.txt", "fr", "salma")
    assert town("campaigns", "wording", "show", "notice", *SMS).out == f"{BRIEF}\n"
    own = town("campaigns", "wording", "show", "notice", *SMS, "--own").out
    assert "{{ facts.call_centre }}" in own
    assert town("campaigns", "wording", "clear", "notice", *SMS, "--by", "salma").code == 0
    assert "Nothing is worded" in town("campaigns", "wording", "show", "notice").out
    notes = Rows(pool).ask("SELECT actor, details FROM audit WHERE action = 'wording' ORDER BY id")
    assert [actor for actor, _ in notes] == ["salma", "salma"]
    assert notes[0][1]["is"] == notes[1][1]["was"]
    assert "appelez" not in str(notes)


def test_what_blocks_is_told_and_nothing_is_kept(town: Run, word: Run) -> None:
    """A text without its number is shown with its fault, exit code 1; nothing is changed."""
    said = word("Appelez-nous. {{ facts.online }}", "--json")
    told = json.loads(said.out)
    assert (said.code, told["kept"]) == (1, False)
    assert told["previews"] == {"sms/body.txt": "Appelez-nous. https://client.lydec.ma"}
    problems = [one["problem"] for one in told["concerns"] if one["blocks"]]
    assert problems == ["does not show the contact call_centre"]
    assert "Nothing is worded" in town("campaigns", "wording", "show", "notice").out


def test_a_wrong_place_is_named(town: Run) -> None:
    """One line, exit code 2, for a place that can not be worded, and for a missing file."""
    for part, locale, file, problem in (
        ("sms/body.txt", "zgh", __file__, "not offered in zgh"),
        ("sms/body.txt", "tlh", __file__, "locale: 'tlh' is unknown"),
        ("email/body.mjml", "fr", __file__, "is made of email/body.txt"),
        ("fax/body.txt", "fr", __file__, "is no part of remote_services"),
        ("sms/body.txt", "fr", "/none", "cannot be read"),
    ):
        where = ("--part", part, "--locale", locale, "--file", file)
        said = town("campaigns", "wording", "set", "notice", *where)
        assert (said.code, said.err.count("\n")) == (2, 1)
        assert problem in said.err
    said = town(
        "campaigns", "wording", "show", "notice", "--part", "email/body.mjml", "--locale", "fr"
    )
    assert (said.code, "is made of" in said.err) == (2, True)


def test_standard_input_is_read(town: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file the text is read from standard input; what is not UTF-8 is refused."""
    for data, code in ((BRIEF.encode(), 0), (b"\xff", 2), (b"x" * 200_001, 2)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert town("campaigns", "wording", "set", "notice", *SMS).code == code


def test_a_wording_needs_a_new_approval_and_is_fixed_by_the_launch(town: Run, word: Run) -> None:
    """An approved campaign is a draft again; one that was launched keeps its words."""
    assert town("campaigns", "approve", "notice", "--by", "youssef").code == 0
    assert word(BRIEF, "--try").code == 0
    assert "is a draft again" not in word(BRIEF, "--try").err
    assert "is a draft again" in word(BRIEF).err
    assert town("campaigns", "launch", "notice").code == 2
    assert town("campaigns", "approve", "notice", "--by", "youssef").code == 0
    assert town("campaigns", "launch", "notice").code == 0
    said = word(BRIEF + " Merci.")
    assert said.code == 2
    assert "can only be changed while it is a draft or approved" in said.err


def test_check_tells_what_blocks_and_what_to_note(town: Run, word: Run, pool: Pool) -> None:
    """A clean campaign is launchable; a wording in one locale alone is noted with the approval."""
    clean = json.loads(town("campaigns", "check", "notice", "--json").out)
    assert clean["launchable"]
    # Some read Tamazight, which has yet to be reviewed.
    assert {(one["check"], one["locale"]) for one in clean["concerns"]} == {("locale", "zgh")}
    assert word(f"{{{{ reader.name }}}}, {BRIEF}").code == 0
    foreseen = json.loads(town("campaigns", "forecast", "notice", "--json").out)["sms"]["locales"]
    # The kind's own text knows no name: what is measured is what was written.
    assert foreseen["ar"]["units"] == [63, 63]
    assert foreseen["fr"]["units"][0] > len("Lydec: appelez le 0522312020 ou https://x.ma.")
    assert foreseen["fr"]["units"][0] != foreseen["fr"]["units"][1]
    said = town("campaigns", "check", "notice")
    assert said.code == 0
    assert "nothing blocks it; " in said.out
    approved = town("campaigns", "approve", "notice", "--by", "youssef")
    assert "is worded in fr alone" in approved.out
    ((details,),) = Rows(pool).ask("SELECT details FROM audit WHERE action = 'approve'")
    assert {"check": "wording", "part": "sms/body.txt", "locale": "ar"} in details["concerned"]
    Rows(pool).tell(
        "UPDATE advisory SET wording = %s",
        '{"sms/body.txt/fr": "{{ facts.call_centre }} evil.com"}',
    )
    said = town("campaigns", "check", "notice", "--json")
    blocking = [one for one in json.loads(said.out)["concerns"] if one["blocks"]]
    assert said.code == 1
    assert {one["check"] for one in blocking} == {"link", "text"}
    refused = town("campaigns", "launch", "notice")
    assert refused.code == 2
    assert "no longer what was approved" in refused.err
    refused = town("campaigns", "approve", "notice", "--by", "youssef")
    assert refused.code == 2
    assert "can not be launched" in refused.err
