"""`broadcaster sms count` and `broadcaster phones check`, as their contract says."""

import io
import json
import sys

import pytest

from broadcaster import cli


class _Given:
    """Standard input that holds these octets."""

    def __init__(self, octets: bytes) -> None:
        self.buffer = io.BytesIO(octets)


def _run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], octets: bytes, *words: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "stdin", _Given(octets))
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    out, err = capfd.readouterr()
    return int(ended.value.code or 0), out, err


def test_count_prints_the_size_and_what_makes_it_dear(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The answer is one JSON object with the names of the contract."""
    code, out, _ = _run(monkeypatch, capfd, "même".encode(), "sms", "count")
    answer = json.loads(out)
    assert code == 0
    assert list(answer) == ["encoding", "units", "segments", "offending"]
    assert (answer["encoding"], answer["units"], answer["segments"]) == ("UCS-2", 4, 1)
    assert answer["offending"][0]["character"] == "ê"
    assert answer["offending"][0]["position"] == 1


def test_count_takes_the_text_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A final line break is a character, is said to have been counted, and can be left out."""
    text = b"a" * 160 + b"\n"
    _, out, err = _run(monkeypatch, capfd, text, "sms", "count")
    assert json.loads(out)["segments"] == 2
    assert "--trim" in err
    _, out, err = _run(monkeypatch, capfd, text, "sms", "count", "--trim")
    assert json.loads(out)["segments"] == 1
    assert not err


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"abc\xff", "not UTF-8 at octet 3"),
        (b"a" * 400_001, "longer than 400000 octets"),
        (b"a" * 100_001, "longer than 100000 characters"),
    ],
)
def test_count_refuses_what_is_no_text(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], octets: bytes, words: str
) -> None:
    """A wrong encoding and a flood get one clear line and exit code 2."""
    code, out, err = _run(monkeypatch, capfd, octets, "sms", "count")
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_check_prints_a_line_for_each_number(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every line of input has its line of output, empty ones and Windows line ends too."""
    octets = b"0661234567\r\n\nO661234567\n0522312020"
    code, out, _ = _run(monkeypatch, capfd, octets, "phones", "check", "--region", "MA")
    found = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [one["raw"] for one in found] == ["0661234567", "", "O661234567", "0522312020"]
    assert [one["e164"] for one in found] == ["+212661234567", None, None, "+212522312020"]
    assert [one["error"] for one in found] == [None, "NOT_A_NUMBER", "LETTERS", None]
    assert [one["sms_capable"] for one in found] == [True, False, False, False]


@pytest.mark.parametrize(
    ("octets", "region", "words"),
    [
        (b"0661234567", "ZZZ", "is no country"),
        (b"0661234567\n\xff\xfe", "MA", "line 2 is not UTF-8"),
        (b"1" * 5000, "MA", "line 1 is longer"),
    ],
)
def test_check_refuses_what_it_cannot_read(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    octets: bytes,
    region: str,
    words: str,
) -> None:
    """A wrong region, encoding or endless line is one clear line and exit code 2."""
    code, _, err = _run(monkeypatch, capfd, octets, "phones", "check", "--region", region)
    assert code == 2
    assert words in err
