"""Archives of evidence: what is in them is what was written, or they are refused."""

import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from broadcaster.errors import InvalidInputError
from broadcaster.reports.bundle import MANIFEST, Sealed, bundle, verify


def _written(file: Path, rows: int = 200) -> Sealed:
    def table(stream: IO[str]) -> int:
        for number in range(rows):
            stream.write(f"{number},{random.Random(number).random()}\n")  # noqa: S311  (no secret)
        return rows

    def text(stream: IO[str]) -> None:
        stream.write("إشعار")

    with file.open("w+b") as target:
        return bundle(target, {"text.txt": text, "table.csv": table}, {"campaign": 7})


def test_what_was_written_verifies_and_reads_the_same_each_time(tmp_path: Path) -> None:
    """The same evidence gives the same octets, so that hashes can be compared."""
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    sealed = _written(first)
    assert _written(second).sha256 == sealed.sha256
    found = verify(first)
    assert (found.sha256, found.whole) == (sealed.sha256, sealed.whole)
    assert [(one.name, one.rows) for one in found.parts] == [("text.txt", None), ("table.csv", 200)]
    assert found.about["campaign"] == 7


def test_every_changed_octet_is_found(tmp_path: Path) -> None:
    """By the hash of a file, or at the latest by that of the archive."""
    file = tmp_path / "evidence.zip"
    sealed = _written(file, rows=5)
    whole = file.read_bytes()
    for place in range(0, len(whole), 3):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            found = verify(file)
        except InvalidInputError:
            continue
        assert found.sha256 != sealed.sha256


@pytest.mark.parametrize("lie", ["octets", "sha256", "name", "more", "twice", "whole", "format"])
def test_a_manifest_that_lies_is_refused(tmp_path: Path, lie: str) -> None:
    """Whatever it says of files, it is compared with them."""
    file = tmp_path / "evidence.zip"
    _written(file, rows=5)
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(held[MANIFEST])
    row = manifest["files"][1]
    changes: dict[str, dict[str, object]] = {
        "octets": {"octets": row["octets"] - 1},
        "sha256": {"sha256": "0" * 64},
        "name": {"name": "../table.csv"},
    }
    row |= changes.get(lie, {})
    if lie == "more":
        held["extra.txt"] = b"more"
    if lie == "twice":
        manifest["files"].append(row)
    if lie in {"whole", "format"}:
        manifest[lie] = "another"
    held[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    with pytest.raises(InvalidInputError, match="Do not rely on it"):
        verify(file)


def test_a_file_that_unpacks_without_end_is_read_no_further_than_it_is_said_to_be(
    tmp_path: Path,
) -> None:
    """A bomb says that it is small, or is as large as it says."""
    file = tmp_path / "evidence.zip"
    _written(file, rows=5)
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held["table.csv"] = b"\0" * 60_000_000
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    del held
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInputError, match=r"table\.csv"):
            verify(file)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + b"\0" * 18, b"no archive at all"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    """One line, and no traceback."""
    file = tmp_path / "evidence.zip"
    file.write_bytes(content)
    with pytest.raises(InvalidInputError):
        verify(file)
    with pytest.raises(InvalidInputError):
        verify(tmp_path / "none.zip")


def test_an_archive_of_many_rows_is_made_in_bounded_memory(tmp_path: Path) -> None:
    """Fifty thousand rows take no more than five hundred."""

    def table(stream: IO[str]) -> int:
        for line in _lines():
            stream.write(line)
        return 50_000

    tracemalloc.start()
    try:
        with (tmp_path / "evidence.zip").open("w+b") as target:
            bundle(target, {"table.csv": table}, {})
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert verify(tmp_path / "evidence.zip").parts[0].rows == 50_000


def _lines() -> Iterator[str]:
    for number in range(50_000):
        yield f"1-{number},C{number:06d},sms,delivered,,fr,twilio,1,1,,2020-03-20T12:00:00,,\n"


def test_text_is_written_as_it_is() -> None:
    """In UTF-8, lines as they come."""
    target = io.BytesIO()
    bundle(target, {"a.csv": lambda stream: stream.write("é\r\n") and 1}, {})
    with zipfile.ZipFile(target) as archive:
        assert archive.read("a.csv") == "é\r\n".encode()
