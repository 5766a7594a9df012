"""What the simulated networks remember."""

import asyncio
import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.errors import ConfigurationError
from broadcaster.sandbox.attempts import Requests
from broadcaster.sandbox.messages import Messages
from broadcaster.sandbox.record import Journal, Line
from broadcaster.sandbox.sequel import Sequel


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Give an empty file of lines."""
    opened = Journal(tmp_path / "lines.jsonl")
    yield opened
    opened.close()


@given(bodies=st.lists(st.text(max_size=50), max_size=20))
def test_what_is_appended_is_read_back_also_after_reopening(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[str]
) -> None:
    """Line ends, quotes, surrogates: one line is one line."""
    path = tmp_path_factory.mktemp("journal") / "lines.jsonl"
    first = Journal(path)
    for number, body in enumerate(bodies):
        assert first.append({"body": body}) == number
    first.close()
    second = Journal(path)
    assert [line["body"] for line in second] == bodies
    assert len(path.read_bytes().splitlines()) == len(bodies)
    second.close()


def test_a_torn_last_line_is_taken_off(tmp_path: Path) -> None:
    """It was never answered for; the next line does not stick to it."""
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"n":1}\n{"n":2}\n{"n":')
    journal = Journal(path)
    assert journal.append({"n": 3}) == 2
    journal.close()
    assert [json.loads(line)["n"] for line in path.read_text().splitlines()] == [1, 2, 3]


def test_without_space_nothing_is_left_half_written(journal: Journal, tmp_path: Path) -> None:
    """The fault is told, and the file stays whole."""
    path = tmp_path / "lines.jsonl"
    journal.append({"n": 1})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5, hard))
    try:
        for _ in range(2):
            with pytest.raises(OSError, match=r".+"):
                journal.append({"n": "x" * 100})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b'{"n":1}\n'
    assert journal.append({"n": 2}) == 1
    assert journal.read(1) == {"n": 2}


def test_a_folder_is_used_by_one_sandbox_only(journal: Journal, tmp_path: Path) -> None:
    """A second one is told."""
    assert len(journal) == 0
    with pytest.raises(ConfigurationError, match="in use by another sandbox"):
        Journal(tmp_path / "lines.jsonl")


def test_attempts_are_counted_on_after_a_restart(tmp_path: Path) -> None:
    """The third attempt is the third, whoever was killed in between; no address is written."""
    for expected in (1, 2, 3):
        journal = Journal(tmp_path / "requests.jsonl")
        requests = Requests(journal)
        attempt = requests.attempt("carrier", "+212661234567")
        assert attempt == expected
        requests.log(
            at=1.5, network="carrier", status=429, recipient="+212661234567", attempt=attempt
        )
        assert requests.attempt("mail", "+212661234567") == 1
        journal.close()
    assert "212661234567" not in (tmp_path / "requests.jsonl").read_text()


def test_sids_are_found_again_and_others_are_not(tmp_path: Path) -> None:
    """Every sid leads to its message after a restart, and to none in another folder."""
    journal = Journal(tmp_path / "sms.jsonl")
    messages = Messages(journal, tmp_path)
    given_sids = []
    for number in range(50):
        line: Line = {"to": f"+21266000000{number % 5}", "n": number}
        messages.add(line)
        given_sids.append(line["sid"])
    journal.close()
    journal = Journal(tmp_path / "sms.jsonl")
    messages = Messages(journal, tmp_path)
    assert len(set(given_sids)) == 50
    found = [messages.find(sid) for sid in given_sids]
    assert [line and line["n"] for line in found] == list(range(50))
    assert list(messages.numbers("+212660000003", None)) == list(range(48, 0, -5))
    assert list(messages.numbers("+212660000003", 20)) == [18, 13, 8, 3]
    assert list(messages.numbers("+212669999999", None)) == []
    other = tmp_path / "other"
    other.mkdir()
    assert Messages(journal, other).find(given_sids[7]) is None
    journal.close()


@given(st.text(alphabet="SM0123456789abcdefé", max_size=40))
def test_no_text_is_taken_for_a_sid(tmp_path_factory: pytest.TempPathFactory, sid: str) -> None:
    """Whatever the path of a request holds."""
    folder = tmp_path_factory.mktemp("sid")
    journal = Journal(folder / "sms.jsonl")
    messages = Messages(journal, folder)
    messages.add({"to": "a"})
    assert messages.find(sid) is None
    journal.close()


class _Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


async def _settle() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


def test_steps_are_done_when_due_and_not_again_after_a_restart(tmp_path: Path) -> None:
    """In their order; what was not due yet is done by the next process."""
    clock, done = _Clock(), []

    async def step(line: Line, number: int) -> str:
        done.append((line["name"], number))
        return "done"

    async def work(lines: list[Line]) -> None:
        record, journal = Journal(tmp_path / "r.jsonl"), Journal(tmp_path / "d.jsonl")
        sequel = Sequel(record, journal, step, now=clock, concurrency=4)
        for line in lines:
            sequel.add(record.append(line), line)
        task = asyncio.create_task(sequel.run())
        await _settle()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        record.close()
        journal.close()

    a: Line = {"name": "a", "then": [[99, "x"], [150, "y"]]}
    b: Line = {"name": "b", "then": [[98, "x"], [140, "y"]]}
    asyncio.run(work([a, b]))
    assert done == [("b", 0), ("a", 0)]
    clock.time = 145
    asyncio.run(work([]))
    assert done[2:] == [("b", 1)]
    clock.time = 200
    asyncio.run(work([]))
    asyncio.run(work([]))
    assert done[3:] == [("a", 1)]


def test_more_steps_than_fit_are_dropped_and_counted(journal: Journal, tmp_path: Path) -> None:
    """An overload costs callbacks, never memory."""

    async def step(_line: Line, _number: int) -> str:
        return "done"

    async def fill() -> Sequel:
        done = Journal(tmp_path / "d.jsonl")
        sequel = Sequel(journal, done, step, now=_Clock(), concurrency=1, capacity=3)
        for _ in range(2):
            line: Line = {"then": [[500, "x"], [501, "y"]]}
            sequel.add(journal.append(line), line)
        done.close()
        return sequel

    sequel = asyncio.run(fill())
    assert (sequel.waiting, sequel.dropped) == (3, 1)
