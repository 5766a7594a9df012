"""`broadcaster mail`: keys that only their owner reads, and records that verifiers understand."""

import re
import stat
from pathlib import Path

import pytest

from broadcaster import cli
from broadcaster.channels import dkim_keys
from broadcaster.errors import InvalidInputError


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(["mail", *words])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize(("algorithm", "length"), [("ed25519", 44), ("rsa", 392)])
def test_a_key_and_its_record_are_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, algorithm: str, length: int
) -> None:
    """The file is its owner's alone; the record is all of standard output, and comes again."""
    path = tmp_path / "key.pem"
    names = ("--selector", "s2026", "--domain", "lydec.test", "--file", str(path))
    code, out, err = _run(capsys, "key", *names, "--algorithm", algorithm)
    assert code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    found = re.fullmatch(r"s2026\._domainkey\.lydec\.test\. IN TXT \( (.+) \)\n", out)
    assert found
    strings = re.findall(r'"([^"]*)"', found[1])
    assert max(map(len, strings)) <= 255
    text = "".join(strings)
    assert text.startswith(f"v=DKIM1; k={algorithm}; p=")
    assert len(text.rpartition("p=")[2]) == length
    assert f"DKIM_KEY_FILE={path}" in err
    assert "PRIVATE" not in out + err
    assert _run(capsys, "record", *names) == (0, out, "")


def test_a_key_is_never_written_over(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A key in use would be lost, and with it every signature."""
    path = tmp_path / "key.pem"
    path.write_text("kept")
    names = ("--selector", "s", "--domain", "lydec.test", "--file", str(path))
    code, out, err = _run(capsys, "key", *names, "--algorithm", "ed25519")
    assert (code, out) == (2, "")
    assert "exists already" in err
    assert path.read_text() == "kept"


def test_the_file_is_named_after_the_key(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --file it is made where we are."""
    monkeypatch.chdir(tmp_path)
    _run(capsys, "key", "--selector", "s", "--domain", "lydec.test", "--algorithm", "ed25519")
    assert [path.name for path in tmp_path.iterdir()] == ["s.lydec.test.pem"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("key", "--selector", "a/b", "--domain", "lydec.test"), "--selector"),
        (("key", "--selector", "s", "--domain", "ليدك"), "--domain"),
        (("key", "--selector", "s", "--domain", "a.test", "--algorithm", "dsa"), "'dsa' is"),
        (("key", "--selector", "s", "--domain", "a.test", "--file", "no/such/key"), "no folder"),
        (("key", "--domain", "a.test"), "--selector"),
        (("record", "--selector", "s", "--domain", "a.test", "--file", "none"), "none"),
    ],
)
def test_wrong_words_get_one_line(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    told: str,
) -> None:
    """What is wrong is named, and nothing is made."""
    monkeypatch.chdir(tmp_path)
    code, out, err = _run(capsys, *words)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_key_has_no_record() -> None:
    """Anything else than such a key is refused."""
    with pytest.raises(InvalidInputError, match="key file"):
        dkim_keys.record(b"nothing")
