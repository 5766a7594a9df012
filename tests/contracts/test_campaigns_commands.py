"""`broadcaster campaigns` on a real database, from the draft to the report."""

import csv
import json
import os
import stat
from pathlib import Path

import pytest

from tests.commands import Run, run
from tests.rows import Pool, Rows
from tests.sheets import parse, seen

__all__ = ["run"]

CREATE = ("campaigns", "create", "notice", "--kind", "remote_services", "--segment", "everybody")


@pytest.fixture
def town(run: Run) -> Run:
    """Some customers and a segment."""
    run("customers", "make", "40", "--seed", "3")
    run("segments", "save", "everybody", "all")
    return run


def test_a_campaign_goes_from_draft_to_cancelled(town: Run) -> None:
    """Every step says what it did, and the figures add up."""
    assert json.loads(town(*CREATE, "--by", "amina", "--json").out) == {"id": 1, "name": "notice"}
    foreseen = json.loads(town("campaigns", "forecast", "notice", "--json").out)
    assert foreseen["customers"] == 40
    told = sum(foreseen["channels"].values())
    assert told + sum(foreseen["suppressed"].values()) == foreseen["targeted"] == 120
    assert "approved by youssef" in town("campaigns", "approve", "1", "--by", "youssef").out
    for step, words in (
        ("launch", "is launched"),
        ("pause", "is paused"),
        ("resume", "goes on"),
        ("cancel", "is cancelled"),
    ):
        assert words in town("campaigns", step, "notice", "--by", "amina").out
    listed = json.loads(town("campaigns", "status", "--json").out)
    assert [(row["name"], row["status"]) for row in listed] == [("notice", "cancelled")]
    assert "notice" in town("campaigns", "status").out
    report = json.loads(town("campaigns", "report", "notice", "--json").out)
    assert (report["status"], report["in_doubt"]) == ("cancelled", 0)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--channels", "fax"), "--channels: 'fax' is unknown"),
        (("--channels", "web"), "--channels: 'web' is the public page"),
        (("--lane", "slow"), "--lane: 'slow' is unknown"),
        (("--class", "spam"), "--class: 'spam' is unknown"),
        (("--expires", "+0h"), "--expires: +0h is not after the start"),
        (("--expires", "9999-12-31T00:00+00:00"), "too far away"),
        (
            ("--scheduled", "2020-01-01T00:00+00:00"),
            "--scheduled: 2020-01-01T00:00+00:00 has passed",
        ),
        (("--facts", "none.json"), "none.json"),
        (("--kind", "none"), "kind: 'none' is unknown"),
        (("--segment", "none"), "segment"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(
    town: Run, words: tuple[str, ...], problem: str
) -> None:
    """One line, exit code 2, and no half a campaign."""
    said = town(*CREATE, *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert problem in said.err
    assert json.loads(town("campaigns", "status", "--json").out) == []


def test_a_name_is_taken_once_and_printable(town: Run) -> None:
    """Two campaigns of one name, or one that breaks lines, would be confused."""
    town(*CREATE)
    assert "is taken" in town(*CREATE).err
    said = town(
        "campaigns", "create", "a\nb", "--kind", "remote_services", "--segment", "everybody"
    )
    assert "control characters" in said.err


def test_nothing_is_launched_without_approval(town: Run) -> None:
    """A draft is refused, with what to do."""
    town(*CREATE)
    said = town("campaigns", "launch", "notice")
    assert said.code == 2
    assert "Approve it first" in said.err


def test_facts_that_make_an_sms_too_long_are_not_approved(town: Run, tmp_path: Path) -> None:
    """What a kind promises in length holds for every campaign, not only for its sample."""
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps({"sender": {"und": "A sender of thirty characters"}}))
    assert town(*CREATE, "--facts", str(facts)).code == 0
    said = town("campaigns", "approve", "notice", "--by", "youssef")
    assert said.code == 2
    assert "sms/body.txt" in said.err
    assert "segments" in said.err


def test_an_export_makes_a_file_whole_or_not_at_all(town: Run, tmp_path: Path) -> None:
    """A device is written to as it is and never replaced; a missing folder is one line."""
    town(*CREATE)
    file = tmp_path / "out.csv"
    assert town("campaigns", "export", "notice", "--output", str(file)).code == 0
    with file.open(encoding="utf-8-sig", newline="") as stream:
        assert len(list(csv.reader(stream))) == 1
    assert town("campaigns", "export", "notice", "--output", str(tmp_path / "no" / "x")).code == 2
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert town("campaigns", "export", "notice", "--output", str(pipe)).code == 0
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert os.read(reader, 10)
    finally:
        os.close(reader)


@pytest.mark.parametrize("command", ["export", "left-out"])
def test_a_list_of_customers_is_for_its_owner_alone_and_noted(
    town: Run, pool: Pool, tmp_path: Path, command: str
) -> None:
    """Whatever was there before, and wherever it leads; a pipe and standard output are devices."""
    town(*CREATE)
    file, other = tmp_path / "out.csv", tmp_path / "other"
    file.write_text("before")
    file.chmod(0o644)
    other.write_text("of somebody else")
    (tmp_path / ".out.csv.draft").symlink_to(other)
    who = ("--by", "youssef", "--purpose", "the board")
    assert town("campaigns", command, "notice", "--output", str(file), *who).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert other.read_text() == "of somebody else"
    assert file.read_text(encoding="utf-8-sig").splitlines()
    assert sorted(one.name for one in tmp_path.iterdir() if one.name.startswith(".out")) == [
        ".out.csv.draft"
    ]
    told = "SELECT actor, details ->> 'purpose' FROM audit WHERE action = %s"
    assert Rows(pool).ask(told, command.replace("-", "_")) == [("youssef", "the board")]
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for target in (pipe, Path("/dev/stdout")):
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        try:
            said = town("campaigns", command, "notice", "--output", str(target))
            assert said.code == 0
            got = os.read(reader, 1000).decode() if target == pipe else said.out
            assert "customer,channel," in got
        finally:
            os.close(reader)


def test_a_broken_redis_url_is_one_line_of_the_doctor(
    town: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that looks for faults finds this one and others, and goes on."""
    monkeypatch.setenv("BROADCASTER_REDIS_URL", "nonsense")
    monkeypatch.setenv("BROADCASTER_BROWSER", "no-browser")
    said = town("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(said.out)}
    assert said.code == 1
    assert findings["redis"]["state"] == "fault"
    assert "BROADCASTER_REDIS_URL" in findings["redis"]["word"]
    assert findings["pictures"]["state"] == "fault"
    assert "BROADCASTER_BROWSER" in findings["pictures"]["word"]
    assert findings["catalogues"]["state"] == "ok"


def test_a_preview_has_the_campaigns_own_facts_and_channels(town: Run, tmp_path: Path) -> None:
    """Who approves sees what customers will see: these facts, these channels, the real page."""
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps({"email": "secours@example.org"}), encoding="utf-8")
    town(*CREATE, "--channels", "email", "--facts", str(facts))
    target = tmp_path / "notice.html"
    said = town("campaigns", "preview", "notice", "--locale", "fr", "--output", str(target))
    assert said.out == f"{target}: 2 messages of 1 kind, in fr.\n"
    page = parse(target.read_text("utf-8"))
    mail, web = page.all("iframe")
    assert "secours@example.org" in mail.attributes["srcdoc"]
    assert "secours@example.org" in web.attributes["srcdoc"]
    assert "http://127.0.0.1:8400/advisories/1/fr" in " ".join(seen(page))
    assert "notice" in page.one("h1").text()
    refused = town("campaigns", "preview", "other", "--output", str(target))
    assert refused.code == 2
    assert "'other'" in refused.err
