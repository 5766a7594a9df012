"""What is kept of runs of the fault suite becomes a table and a picture."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from tests.chaos import picture
from tests.chaos.kept import read
from tests.chaos.page import table, write

_LINES: Sequence[dict[str, object]] = (
    {"at": 0.0, "what": "wishes", "seed": 7, "customers": 3000, "events": 3},
    {"at": 5.0, "what": "launched", "campaign": 1},
    {"at": 6.0, "what": "event", "number": 1, "event": "kill worker"},
    {"at": 6.1, "what": "followed", "number": 1, "event": "kill worker"},
    {"at": 7.0, "what": "event", "number": 2, "event": "stall <mail> 2.5 s"},
    {"at": 10.0, "what": "progress", "share": 0.4},
    {"at": 12.5, "what": "followed", "number": 2, "event": "stall <mail> 2.5 s"},
    {"at": 15.0, "what": "event", "number": 3, "event": "kill valkey"},
    {"at": 20.0, "what": "progress", "share": 1.0},
)


def _kept(folder: Path, seed: int, *, units: int = 99) -> Path:
    run = folder / f"seed-{seed}"
    run.mkdir(parents=True)
    lines = [{**_LINES[0], "seed": seed}, *_LINES[1:]]
    (run / "events.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    over = units > 100
    verdict = {
        "findings": [{"rule": "second over the limit", "count": 1, "cases": []}] if over else [],
        "sums": {
            "1": {"delivered": 2000, "failed": 1, "suppressed": 2, "in doubt": 3},
            "2": {"delivered": 500, "failed": 0, "suppressed": 0, "in doubt": 1},
        },
        "fullest": [
            {"network": "mail", "units": 9, "limit": 10.0, "at": 1.0, "over": 0},
            {"network": "carrier", "units": units, "limit": 100.0, "at": 1.0, "over": int(over)},
        ],
        "taken": 2501,
    }
    whole = {"verdict": verdict, "done": 3, "seconds": 61.2, "faults": []}
    (run / "verdict.json").write_text(json.dumps(whole), "utf-8")
    return run


def test_a_run_is_a_line_of_what_was_done_and_what_came_of_it(tmp_path: Path) -> None:
    """Sums are of all its campaigns, and the network that came nearest to its limit is told."""
    text = table([read(_kept(tmp_path, 7))])
    head, _, line, _, said, *_ = text.split("\n")
    found = dict(zip(head.split(" | "), line.split(" | "), strict=True))
    assert found["| seed"] == "| 7"
    assert (found["kill"], found["stall"], found["flush"]) == ("2", "1", "0")
    assert (found["delivered"], found["in doubt"]) == ("2,500", "4")
    assert found["fullest second |"] == "99.0% |"
    assert said == "1 of 1 runs are as they must be."


def test_a_run_that_broke_a_rule_is_not_counted_as_right(tmp_path: Path) -> None:
    """It stands in the table with what was too much."""
    runs = [read(_kept(tmp_path, 7)), read(_kept(tmp_path, 8, units=120))]
    assert "120.0%" in table(runs)
    assert "1 of 2 runs are as they must be." in table(runs)


def test_a_picture_shows_each_event_for_as_long_as_it_took(tmp_path: Path) -> None:
    """It can be read by machines, says what happened in words, and what came of it."""
    path = tmp_path / "picture.svg"
    picture.draw(read(_kept(tmp_path, 7)), path)
    text = path.read_text("utf-8")
    bars = [
        (bar.findtext("{*}title"), float(bar.attrib["width"]))
        for bar in ET.fromstring(text).findall("{*}rect")  # noqa: S314  (our own)
        if bar.findtext("{*}title")
    ]
    words = [what for what, _ in bars]
    assert words == ["kill worker, at 6 s", "kill valkey, at 15 s", "stall <mail> 2.5 s, at 7 s"]
    (*_, stall) = bars
    assert stall[1] > 10 * bars[0][1]
    assert "Nobody lost, nobody told twice, limits kept, finished" in text


def test_the_page_is_written_from_the_records_in_order_of_their_seeds(tmp_path: Path) -> None:
    """What stood there is replaced, and writing it again changes nothing."""
    for seed in (10, 9):
        _kept(tmp_path / "runs", seed)
    (tmp_path / "pictures").mkdir()
    page = tmp_path / "chaos.md"
    page.write_text("before\n<!-- runs -->\nold\n<!-- end -->\nbehind\n", "utf-8")
    write(tmp_path / "runs", tmp_path)
    text = page.read_text("utf-8")
    assert "old" not in text
    assert text.index("| 9 |") < text.index("| 10 |")
    assert text.startswith("before\n")
    assert text.endswith("behind\n")
    assert "Seed 9" in (tmp_path / "pictures" / "chaos.svg").read_text("utf-8")
    write(tmp_path / "runs", tmp_path)
    assert page.read_text("utf-8") == text
