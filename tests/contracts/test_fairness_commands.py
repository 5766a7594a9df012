"""`broadcaster fairness`, and holding and releasing from the command line, on a real database."""

import json
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.commands import Run, run

__all__ = ["run"]

CREATE = ("campaigns", "create", "notice", "--kind", "remote_services", "--segment", "everybody")


def always(now: datetime) -> str:
    """Write rules that are quiet now and for some hours, wherever the clock stands."""
    start, end = now - timedelta(hours=6), now + timedelta(hours=6)
    return f'[[quiet]]\nfrom = "{start:%H}:00"\nto = "{end:%H}:00"\n'


@pytest.fixture
def town(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Some customers, all where it is as late as in UTC, and a segment."""
    monkeypatch.setenv("BROADCASTER_TIME_ZONE", "UTC")
    run("customers", "make", "20", "--seed", "3")
    run("segments", "save", "everybody", "all")
    return run


_QUARTER = '[[cap]]\nclass = "service"\nmost = 3\ndays = 90\n'


def test_a_cap_counts_no_further_back_than_people_are_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither set so, nor a dry run; where a setting has changed since, the doctor says it."""
    file = tmp_path / "rules.toml"
    file.write_text(_QUARTER, encoding="utf-8")
    monkeypatch.setenv("BROADCASTER_RETENTION", "service=60;promotional=60")
    for more in ((), ("--dry-run",)):
        said = run("fairness", "set", str(file), *more)
        assert said.code == 2
        assert "cap 1, days: 90 days are longer than the 60 for which service campaigns" in said.err
        assert "BROADCASTER_RETENTION to service=90" in said.err
    monkeypatch.setenv("BROADCASTER_RETENTION", "service=90;promotional=60")
    assert run("fairness", "set", str(file)).code == 0
    findings = json.loads(run("doctor", "--json").out)
    assert [one["state"] for one in findings if one["what"] == "fair use"] == ["ok"]
    monkeypatch.setenv("BROADCASTER_RETENTION", "service=89")
    findings = json.loads(run("doctor", "--json").out)
    (found,) = [one for one in findings if one["what"] == "fair use"]
    assert (found["state"], "90 days are longer than the 89" in found["word"]) == ("fault", True)


@pytest.mark.parametrize("content", ["", "[[cap]", None])
def test_a_file_that_holds_no_rules_is_told_of_as_that(
    run: Run, tmp_path: Path, content: str | None
) -> None:
    """Empty, broken or missing: nothing is changed, and the remedy is an example of rules."""
    file = tmp_path / "rules.toml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    said = run("fairness", "set", str(file))
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("broadcaster: rules: ")
    assert "fairness example" in said.err


def test_rules_are_shown_set_and_written_out_again(run: Run, tmp_path: Path) -> None:
    """The example can be set as it is, and what is shown as TOML is the same again."""
    assert run("fairness", "show").out == "Nothing is quiet, and nothing is capped.\n"
    file = tmp_path / "rules.toml"
    file.write_text(run("fairness", "example").out, encoding="utf-8")
    tried = run("fairness", "set", str(file), "--dry-run").out
    assert "Cap: service, at most 3 by sms in 7 days.\n" in tried
    assert tried.endswith("The file is good; nothing was changed.\n")
    assert run("fairness", "set", str(file), "--by", "amina").out.endswith(
        "These rules are in force, as version 1.\n"
    )
    shown = run("fairness", "show").out
    assert "Quiet: service, safety by sms, push, 21:00 to 08:00, every day.\n" in shown
    assert "Version 1, set by amina at " in shown
    figures = json.loads(run("fairness", "show", "--json").out)
    assert (figures["version"], [one["by"] for one in figures["changes"]]) == (1, ["amina"])
    file.write_text(run("fairness", "show", "--toml").out, encoding="utf-8")
    assert tomllib.loads(file.read_text())["cap"] == figures["cap"]
    # The same again is no change.
    assert json.loads(run("fairness", "set", str(file), "--json").out)["version"] == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[quiet]]\nfrom = '21:00'\n", "quiet 1, to: is missing. Write"),
        ("[[cap]]\nclass = 'service'\n", "cap 1, most: is missing. Give a whole number"),
        ("holidays = 3", "holidays: is no list of dates."),
        ("quiet = ", "is not TOML"),
    ],
)
def test_wrong_rules_are_refused_and_change_nothing(
    run: Run, tmp_path: Path, text: str, problem: str
) -> None:
    """One line that names the field and the remedy."""
    file = tmp_path / "rules.toml"
    file.write_text(text, encoding="utf-8")
    said = run("fairness", "set", str(file))
    assert (said.code, said.out) == (2, "")
    assert problem in said.err
    assert json.loads(run("fairness", "show", "--json").out)["version"] == 0


def test_what_is_quiet_when_can_be_asked(run: Run, tmp_path: Path) -> None:
    """In any zone and at any time, with the times of that zone's clock."""
    file = tmp_path / "rules.toml"
    file.write_text('[[quiet]]\nclasses = ["service"]\nfrom = "21:00"\nto = "08:00"\n')
    run("fairness", "set", str(file))
    asked = ("fairness", "check", "--zone", "Africa/Casablanca", "--at")
    night = run(*asked, "2020-05-01T22:00+00:00").out
    assert "service by sms: quiet until 2020-05-02 08:00.\n" in night
    assert "safety by sms: never quiet within a week.\n" in night
    day = run(*asked, "2020-05-01T12:00+00:00").out
    assert "service by sms: free; quiet from 2020-05-01 21:00 until 2020-05-02 08:00.\n" in day
    rows = json.loads(run(*asked, "2020-05-01T22:00+00:00", "--json").out)
    assert [row["quiet"] for row in rows if row["class"] == "service"] == [True] * 3
    assert "is no time zone" in run("fairness", "check", "--zone", "Mars").err


def test_forecast_approval_and_status_say_who_is_held(town: Run, tmp_path: Path) -> None:
    """And an operator releases it with a reason."""
    now = datetime.now(UTC)
    file = tmp_path / "rules.toml"
    file.write_text(always(now), encoding="utf-8")
    town("fairness", "set", str(file))
    town(*CREATE, "--channels", "sms")
    foreseen = json.loads(town("campaigns", "forecast", "notice", "--json").out)
    (wait,) = foreseen["fairness"]["waits"]
    assert (wait["messages"], wait["held_at_once"]) == (foreseen["channels"]["sms"], True)
    held = f"{wait['messages']:,} by sms in UTC."
    assert held in town("campaigns", "forecast", "notice").out
    assert held in town("campaigns", "approve", "notice", "--by", "youssef").out
    town("campaigns", "launch", "notice")
    refused = town("campaigns", "release", "notice")
    assert "reason: is missing" in refused.err


def test_approving_urgent_safety_says_and_records_what_it_passes(
    town: Run, tmp_path: Path, database_url: str
) -> None:
    """Whoever approves sees it, and the audit keeps that they did."""
    file = tmp_path / "rules.toml"
    cap = '[[cap]]\nclass = "safety"\nmost = 1\ndays = 7\n'
    file.write_text(always(datetime.now(UTC)) + cap, encoding="utf-8")
    town("fairness", "set", str(file))
    town(*CREATE, "--channels", "sms", "--class", "safety", "--lane", "urgent")
    said = town("campaigns", "approve", "notice", "--by", "youssef").out
    assert "Passes the quiet hours from " in said
    assert "Passes frequency caps as urgent safety does: 1." in said
    with psycopg.connect(database_url) as connection:
        (details,) = connection.execute(
            "SELECT details FROM audit WHERE action = 'approve' AND actor = 'youssef'"
        ).fetchone() or ({},)
    assert details["rules_version"] == 1
    assert details["passes_quiet_hours_of"] > 0
    assert details["passes_caps"] == 1


def test_parts_are_held_and_released(town: Run) -> None:
    """Each field is checked, and what is held is shown."""
    town(*CREATE)
    town("campaigns", "approve", "notice", "--by", "youssef")
    why = ("--reason", "wrong price", "--by", "amina")
    assert (
        "sms) is held until it is released"
        in town("campaigns", "hold", "notice", "--channel", "sms", *why).out
    )
    assert "is held until 20" in town("campaigns", "hold", "notice", "--until", "+2h", *why).out
    shown = town("campaigns", "status", "notice").out
    assert "Hold 1 (sms) by amina: wrong price" in shown
    assert "Hold 2 (all of it) by amina until 20" in shown
    for words, problem in (
        (("--channel", "fax"), "--channel: 'fax' is unknown"),
        (("--zone", "Mars/Olympus"), "--zone: 'Mars/Olympus' is no time zone"),
        (("--until", "soon"), "--until: 'soon' is no time"),
        (("--segment", "none"), "none"),
        (("--segment", "everybody"), "Nothing of that is planned"),
    ):
        said = town("campaigns", "hold", "notice", *words, *why)
        assert (said.code, said.out) == (2, "")
        assert problem in said.err
    assert "released 2 holds" in town("campaigns", "release", "notice", *why).out
    assert "was released by amina: wrong price" in town("campaigns", "status", "notice").out


def test_one_message_a_household_is_a_choice_that_is_pinned(town: Run, tmp_path: Path) -> None:
    """Two of three under one roof are left out; the choice is part of what is approved."""
    file = tmp_path / "people.csv"
    lines = ["number,name,phone,household"]
    lines += [f"X{n},Amina,06612345{n:02d},roof" for n in (1, 2, 3)]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert json.loads(town("customers", "import", str(file), "--json").out)["inserted"] == 3
    town("segments", "save", "everybody", "all")
    hashes = set()
    for one_per, left_out in (("customer", 0), ("household", 2)):
        name = f"by {one_per}"
        create = ("campaigns", "create", name, *CREATE[3:], "--channels", "sms")
        town(*create, "--one-per", one_per)
        foreseen: dict[str, Any] = json.loads(town("campaigns", "forecast", name, "--json").out)
        assert foreseen["suppressed"].get("household", 0) == left_out
        hashes.add(
            town("campaigns", "approve", name, "--by", "youssef").out.rpartition("content ")[2]
        )
    assert len(hashes) == 2
    assert "--one-per: 'roof' is unknown" in town(*CREATE, "--one-per", "roof").err
