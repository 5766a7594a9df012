"""`broadcaster tariffs` and what `campaigns forecast` makes of them, on a real database."""

import csv
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.commands import Run, run

__all__ = ["run"]

_HEAD = "provider,prefix,price,per,currency,valid_from\n"


def test_tariffs_are_read_set_and_listed(run: Run, tmp_path: Path) -> None:
    """Again as often as wanted; a country may be named by its letters."""
    file = tmp_path / "tariffs.csv"
    file.write_text(_HEAD + "twilio,MA,0.35,1,MAD,2020-01-01\n\nsmtp,,1.5,1000,MAD,2020-01-01\n")
    assert json.loads(run("tariffs", "import", str(file), "--json").out) == {
        "read": 2,
        "changed": 2,
    }
    assert "2 tariffs are read; 0 are new" in run("tariffs", "import", str(file)).out
    assert run("tariffs", "set", "twilio", "+33", "0.07", "EUR").code == 0
    rows = json.loads(run("tariffs", "list", "--json").out)
    assert [(row["provider"], row["prefix"], row["price"]) for row in rows] == [
        ("smtp", "", "1.50"),
        ("twilio", "+212", "0.35"),
        ("twilio", "+33", "0.07"),
    ]
    assert "+33" in run("tariffs", "list").out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_HEAD + "twilio,MA,0.35,1,MAD\n", "FILE, line 2: has 5 values"),
        (_HEAD + "twilio,MA,0.35,1,MAD,2020-01-01\ntwilio,ZZ,1,1,MAD,\n", "line 3, region"),
        (_HEAD + "twillio,MA,0.35,1,MAD,\n", "provider: 'twillio' is unknown. Use one of"),
        (_HEAD + "twilio,CA,0.35,1,MAD,\n", "CA shares +1 with other countries"),
        (_HEAD + "twilio,+212,=1+1,1,MAD,\n", "line 2, price: '=1+1' can not be read"),
        ("provider,price\n", "has other columns"),
        ("", "is empty"),
        (_HEAD + 'twilio,"+212,0.35\n', "row 2: its quotes are broken"),
    ],
)
def test_a_wrong_file_is_refused_whole(run: Run, tmp_path: Path, text: str, problem: str) -> None:
    """Line, field, problem and remedy; nothing of it is kept."""
    file = tmp_path / "tariffs.csv"
    file.write_text(text)
    said = run("tariffs", "import", str(file))
    assert said.code == 2
    assert problem in said.err
    assert json.loads(run("tariffs", "list", "--json").out) == []


@pytest.mark.parametrize("sign", [";", "\t", ","])
def test_a_spreadsheet_may_separate_by_semicolons_and_tabs(
    run: Run, tmp_path: Path, sign: str
) -> None:
    """As other imports take them; Windows writes semicolons where decimals have commas."""
    file = tmp_path / "tariffs.csv"
    text = _HEAD + "twilio,MA,0.35,1,MAD,2020-01-01\n"
    file.write_bytes(b"\xef\xbb\xbf" + text.replace(",", sign).encode())
    assert "1 tariffs are read; 1 are new" in run("tariffs", "import", str(file)).out


def test_other_faults_of_a_file_are_one_line(run: Run, tmp_path: Path) -> None:
    """It is not there, in no known encoding, or too large."""
    assert "does not exist" in run("tariffs", "import", str(tmp_path / "none.csv")).err
    file = tmp_path / "tariffs.csv"
    file.write_bytes(_HEAD.encode() + b"\xff")
    assert "Save it as 'CSV UTF-8'" in run("tariffs", "import", str(file)).err
    file.write_bytes(b" " * 5_000_001)
    assert "is larger than" in run("tariffs", "import", str(file)).err


def test_a_forecast_tells_cost_time_advice_and_who_is_left_out(run: Run, tmp_path: Path) -> None:
    """On a terminal, as JSON, as a picture and as a list that is safe in a spreadsheet."""
    run("customers", "make", "60", "--seed", "3")
    run("segments", "save", "everybody", "all")
    run("campaigns", "create", "notice", "--kind", "remote_services", "--segment", "everybody")
    run("tariffs", "set", "twilio", "MA", "0.35", "MAD")
    picture = tmp_path / "forecast.svg"
    said = run("campaigns", "forecast", "notice", "--json", "--picture", str(picture))
    figures = json.loads(said.out)
    (sms,) = [row for row in figures["cost"]["rows"] if row["channel"] == "sms"]
    assert (sms["country"], sms["units"]) == ("MA", figures["segments"])
    assert figures["cost"]["unknown"] == sum(figures["channels"].values()) - sms["messages"]
    assert figures["time"]["channels"]["sms"]["limited_by"] == "twilio"
    assert figures["time"]["channels"]["sms"]["seconds"][0] == figures["segments"] / 10
    assert sum(row["customers"] for row in figures["preferences"]) == 60
    assert {"way", "tariff"} <= {one["what"] for one in figures["advice"]}
    root = ET.fromstring(picture.read_text("utf-8"))  # noqa: S314  (our own picture)
    # The name is isolated: one in Arabic would take the figures along.
    assert root[0].text == f"\u2068notice\u2069: {figures['reached']} of 60 customers"
    assert "left out" in str(root[1].text).lower()
    shown = run("campaigns", "forecast", "notice").out
    for words in ("Cost:", "MAD", "Time by sms:", "Advice", "SMS segments:"):
        assert words in shown
    assert run("campaigns", "forecast", "1", "--picture", str(tmp_path / "no" / "x")).code == 2

    listed = list(csv.reader(run("campaigns", "left-out", "notice", "--csv").out.splitlines()))
    assert listed[0] == ["customer", "channel", "reason"]
    assert len(listed) - 1 == sum(figures["suppressed"].values())
    file = tmp_path / "left-out.csv"
    assert "rows are in" in run("campaigns", "left-out", "notice", "--output", str(file)).out
    with file.open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.reader(stream)) == listed
    assert "no address" in run("campaigns", "left-out", "notice").out


def test_an_approval_names_what_was_pinned_and_compare_waits_for_the_plan(run: Run) -> None:
    """People, messages, segments and money."""
    run("customers", "make", "30", "--seed", "3")
    run("segments", "save", "everybody", "all")
    words = ("--kind", "remote_services", "--segment", "everybody", "--channels", "sms")
    run("campaigns", "create", "notice", *words)
    run("tariffs", "set", "twilio", "all", "0.5", "MAD")
    said = run("campaigns", "approve", "notice", "--by", "youssef").out
    assert "SMS segments" in said
    assert "MAD." in said
    run("customers", "make", "60", "--seed", "4")
    refused = run("campaigns", "launch", "notice")
    assert refused.code == 2
    assert "no longer what was approved" in refused.err
    assert "was not planned yet" in run("campaigns", "compare", "notice").err
