"""The arithmetic of the benchmarks' frame: what they print must be what was measured."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import _chart, _document, _frame, _memory, _processor, _race, urgent
from benchmarks.__main__ import chosen, listed, understood
from benchmarks._sink import SPAN, Tally
from benchmarks._sinks import Arrivals
from benchmarks._sms_sink import SmsSession
from benchmarks._smtp_sink import SmtpSession


def _ratio(value: float, **targets: float) -> _frame.Ratio:
    return _frame.Ratio(name="ours / theirs", value=value, **targets)  # type: ignore[arg-type]


def _arrivals(spans: list[tuple[str, int, int]]) -> Arrivals:
    firsts: dict[str, float] = {}
    for label, span, _ in spans:
        firsts.setdefault(label, span * SPAN + 0.01)
    times = [span * SPAN for _, span, _ in spans]
    count = sum(count for _, _, count in spans)
    return Arrivals(
        count=count, octets=0, first=min(times), last=max(times), firsts=firsts, spans=spans
    )


def test_a_median_is_the_middle_of_an_odd_number_and_of_the_two_middle_ones() -> None:
    """The middle of three, the mean of the two in the middle of four."""
    assert _frame.median([9, 1, 4]) == 4
    assert _frame.median([9, 1, 4, 6]) == 5


def test_nothing_measured_gives_no_median() -> None:
    """A benchmark that measured nothing fails instead of printing zero."""
    with pytest.raises(ValueError, match="nothing was measured"):
        _frame.median([])


def test_a_ratio_is_of_medians_and_never_divides_by_nothing() -> None:
    """One slow round of three does not change it; an idle other side is a fault."""
    assert _frame.ratio([10, 200, 30], [10, 15, 1]) == 3
    with pytest.raises(ValueError, match="did nothing"):
        _frame.ratio([1], [0])


@pytest.mark.parametrize(
    ("found", "met"),
    [
        (_ratio(0.8, at_least=0.8), True),
        (_ratio(0.79, at_least=0.8), False),
        (_ratio(2.0, at_most=2), True),
        (_ratio(2.1, at_most=2), False),
        (_ratio(0.0, at_most=0), True),
        (_ratio(7.0), None),
    ],
)
def test_a_target_is_met_at_its_bound(found: _frame.Ratio, met: bool | None) -> None:  # noqa: FBT001  (parametrised)
    """At least and at most count their bound; no target is neither met nor missed."""
    assert found.met is met
    assert ("TARGET" in found.sentence()) is (met is False)


def test_ways_are_measured_in_turns() -> None:
    """Each way runs once in every round, and another one begins each round."""
    order: list[str] = []

    def way(name: str) -> float:
        order.append(name)
        return float(len(order))

    measured = _frame.interleaved({"a": lambda: way("a"), "b": lambda: way("b")}, 2)
    assert order == ["a", "b", "b", "a"]
    assert measured == {"a": [1, 4], "b": [2, 3]}


def test_what_is_kept_says_what_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ratios come first on the screen; the file holds figures, verdicts and conditions."""
    monkeypatch.setattr(_frame, "RESULTS", tmp_path)
    result = _frame.Result(
        name="trial",
        title="A trial",
        full=False,
        ratios=[_ratio(0.5, at_least=0.8)],
        figures=_frame.rates_shown(
            {"slow": [1.0], "fast": [5.0, 7.0, 6.0]}, {"fast": [2e-6, 1e-6, 9e-6]}
        ),
        sizes={"mails": 3},
    )
    path = _frame.publish(result, _frame.Wishes(full=False, keep=True))
    assert path is not None
    kept = json.loads(path.read_text("utf-8"))
    assert kept["ratios"][0]["value"] == 0.5
    assert [row["way"] for row in kept["figures"]] == ["fast", "slow"]
    assert kept["figures"][0]["a second"] == 6
    assert [row["processor, µs each"] for row in kept["figures"]] == [2, None]
    assert {"CPUs", "Python", "PostgreSQL", "Valkey", "date", "commit"} <= set(kept["conditions"])
    shown = capsys.readouterr().out
    assert shown.index("BELOW TARGET") < shown.index("way fast") < shown.index("Conditions")
    assert _frame.publish(result, _frame.Wishes(full=False, keep=False)) is None


def test_every_script_is_listed_with_what_it_measures() -> None:
    """A file that is no part of the frame is a benchmark, and says in its first line what it is."""
    folder = Path(_frame.__file__).parent
    known = listed()
    assert set(known) == {p.stem for p in folder.glob("*.py") if not p.stem.startswith("_")}
    assert {"end_to_end_email", "end_to_end_sms", "urgent", "million"} <= set(known)
    assert all(sentence.endswith(".") for sentence in known.values()), known


def test_names_are_parted_from_words_for_the_benchmarks() -> None:
    """No name means all, a path counts as a name, and an unknown name is refused."""
    known = {"a": "", "b": ""}
    assert chosen(["--full"], known) == (["a", "b"], ["--full"])
    assert chosen(["benchmarks/b.py", "--full"], known) == (["b"], ["--full"])
    with pytest.raises(ValueError, match="no such benchmark"):
        chosen(["c"], known)


@pytest.mark.parametrize("cut", [1, 7, 1000])
def test_the_smtp_sink_counts_pipelined_mails_however_they_are_cut(
    cut: int, tmp_path: Path
) -> None:
    """Every mail is counted once with its size, its recipient and its campaign."""
    path = tmp_path / "received"
    mail = b"Subject: x\r\n\r\n.. a dot\r\nend"
    wire = b"EHLO me\r\n" + b"".join(
        b"MAIL FROM:<b+7-%d-00aa@x.test> SIZE=3\r\nRCPT TO:<c%d@y.test> NOTIFY=NEVER\r\nDATA\r\n"
        % (index, index)
        + mail
        + b"\r\n.\r\n"
        for index in range(3)
    )
    with path.open("wb") as file:
        tally = Tally(record=file)
        session = SmtpSession(tally)
        answers = b"".join(session.feed(wire[at : at + cut]) for at in range(0, len(wire), cut))
        stats = tally.stats()
    assert stats["count"] == 3
    assert stats["octets"] == 3 * len(mail)
    assert answers.count(b"354 ") == 3
    assert answers.count(b"250 2.0.0 Ok") == 9
    assert [line.partition("\t")[0] for line in path.read_text().splitlines()] == [
        "c0@y.test",
        "c1@y.test",
        "c2@y.test",
    ]
    assert list(tally.firsts) == ["7"]


def test_the_smtp_sink_takes_an_empty_mail() -> None:
    """A dot right after DATA ends the mail: an empty one is a mail too."""
    tally = Tally()
    session = SmtpSession(tally)
    session.feed(b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n")
    assert session.feed(b".\r\n") == b"250 2.0.0 Ok\r\n"
    assert tally.count == 1


@pytest.mark.parametrize("cut", [1, 11, 1000])
def test_the_sms_sink_answers_each_request_however_they_are_cut(cut: int, tmp_path: Path) -> None:
    """Pipelined requests are counted one for one, with number and campaign."""
    callback = "https%3A%2F%2Fx.test%2Fcallbacks%2Ftwilio%2F12-345"
    body = f"To=%2B212600000001&From=X&StatusCallback={callback}&Body=hello".encode()
    request = b"POST /Messages.json HTTP/1.1\r\nHost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
    wire = (request + body) * 2
    path = tmp_path / "received"
    with path.open("wb") as file:
        tally = Tally(record=file)
        session = SmsSession(tally)
        answers = b"".join(session.feed(wire[at : at + cut]) for at in range(0, len(wire), cut))
        assert tally.stats()["count"] == 2
    assert answers.count(b"HTTP/1.1 201") == 2
    head, _, rest = answers.partition(b"\r\n\r\n")
    length = int(head.rpartition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    assert json.loads(rest[:length])["to"] == "+212600000001"
    assert path.read_text().splitlines() == ["+212600000001\t12-345"] * 2
    assert list(tally.firsts) == ["12"]


def test_a_tally_counts_by_label_and_span_and_forgets_on_demand() -> None:
    """Arrivals of one span are added up, and a reset leaves nothing."""
    tally = Tally()
    for label, moment in (("1", 10.0), ("1", 10.0 + SPAN / 2), ("2", 10.0 + 3 * SPAN)):
        tally.arrived(5, label, b"", moment)
    assert tally.stats()["spans"] == [["1", 100, 2], ["2", 103, 1]]
    assert (tally.first, tally.octets) == (10.0, 15)
    tally.reset()
    assert tally.stats()["count"] == 0


def test_arrivals_are_counted_between_two_moments() -> None:
    """From a moment on, until before another, of one label or of all."""
    arrivals = _arrivals([("1", 100, 2), ("1", 101, 3), ("2", 101, 4), ("1", 102, 9)])
    assert arrivals.within(10.1001, 10.2001) == 7
    assert arrivals.within(10.1001, 10.2001, "1") == 3


def test_a_share_counts_only_what_lies_between_the_first_and_last_of_the_urgent() -> None:
    """Spans that are only partly the urgent campaign's say nothing."""
    spans = [("1", span, 10) for span in range(100, 105)]
    spans += [("1", span, 1) for span in range(106, 116)]
    spans += [("2", 105, 3), *(("2", span, 9) for span in range(106, 116)), ("2", 116, 2)]
    seen = urgent.overtaking(_arrivals(sorted(spans)), "2", 10.0, 100)
    assert seen.share == pytest.approx(0.9)
    assert seen.used == pytest.approx(1)
    assert seen.first == pytest.approx(0.51)


def test_a_run_has_a_size_in_whole_thousands_within_bounds() -> None:
    """However fast or slow the machine is."""
    assert _race.sized(12_345.6) == 12_000
    assert _race.sized(3) == 2_000
    assert _race.sized(1e9) == 400_000


@pytest.mark.parametrize(
    ("high", "ticks"),
    [(9.5, [0, 5, 10]), (100, [0, 50, 100]), (0, [0, 1]), (35, [0, 10, 20, 30, 40])],
)
def test_a_scale_has_round_values_that_reach_the_highest(high: float, ticks: list[float]) -> None:
    """One, two or five times a power of ten, from zero."""
    assert _chart.ticks(high) == ticks


def test_a_length_is_in_proportion() -> None:
    """Half of the way is half of the room; no way is none."""
    assert _chart.scaled(15, 10, 20, 300) == 150
    assert _chart.scaled(5, 5, 5, 300) == 0


def test_pictures_are_well_formed_and_in_proportion(tmp_path: Path) -> None:
    """Names are escaped, and bars are as long as their values."""
    path = tmp_path / "bars.svg"
    _chart.bars("a < b", "note & more", {"ours": 100.0, "theirs & co": 50.0}, path)
    root = ET.parse(path).getroot()  # noqa: S314  (our own file)
    widths = [float(bar.attrib["width"]) for bar in root if bar.attrib.get("rx") == "3"]
    assert widths[0] == pytest.approx(2 * widths[1])
    panel = _chart.Panel(title="x", series={"a": [[1, 1], [10, 5]]}, marks=[(2, "m")], log_x=True)
    _chart.lines("lines", "", [panel, panel], tmp_path / "lines.svg")
    ET.parse(tmp_path / "lines.svg")  # noqa: S314  (our own file)


def test_memory_is_read_from_what_the_kernel_tells() -> None:
    """A line of kilobytes by its name; nothing counts as none."""
    text = "Name:\tx\nVmRSS:\t   2048 kB\nPss:   12 kB\n"
    assert _memory.kilobytes(text, "VmRSS") == 2048
    assert _memory.kilobytes(text, "Swap") == 0


def test_a_script_is_given_only_the_options_that_it_knows() -> None:
    """Scripts of the frame know all; another one those that it names."""
    words = ["--full", "--keep"]
    assert understood(words, "wished = _frame.wishes(__doc__)") == words
    assert understood(words, 'parser.add_argument("--full")') == ["--full"]
    assert understood(words, "print('fast')") == []


def test_the_page_is_written_from_what_was_kept(tmp_path: Path) -> None:
    """Figures are put between their marks, a second time too; what is missing is said to be."""
    result = {
        "name": "trial",
        "title": "A trial",
        "full": True,
        "ratios": [{"name": "a / b", "value": 0.5, "at_least": 0.8, "at_most": None, "unit": ""}],
        "figures": [{"way": "a", "a second": 5}, {"way": "b", "a second": 10}, {"s": 1.25}],
        "sizes": {"mails": 3},
        "notes": ["A note."],
        "conditions": {"CPUs": 2},
    }
    (tmp_path / "trial.json").write_text(json.dumps(result), encoding="utf-8")
    (tmp_path / "part.txt").write_text("ratio 3\n", encoding="utf-8")
    marks = "<!-- figures: {} -->\nold\n<!-- end -->\n"
    page = "# Page\n" + "".join(map(marks.format, ("trial", "part", "other")))
    written = _document.filled(page, tmp_path)
    assert "| a / b | 0.5 | at least 0.8 | BELOW TARGET |" in written
    assert "| b | 10 |" in written
    assert "Conditions: form full, mails 3, CPUs 2." in written
    assert "ratio 3" in written
    assert "Not measured yet." in written
    assert "old" not in written
    assert _document.filled(written, tmp_path) == written


def test_the_published_page_shows_what_is_kept_and_names_every_benchmark() -> None:
    """No figure was typed by hand, and none was left from an earlier run."""
    page = _document.PAGE.read_text("utf-8")
    assert _document.filled(page, _frame.RESULTS) == page
    assert [name for name in listed() if f"<!-- figures: {name} -->" not in page] == []


def test_processor_time_counts_ended_children_too() -> None:
    """Fields 14 to 17 of the kernel's line, whatever the program's name is."""
    fields = " ".join(str(number) for number in range(3, 53))
    assert _processor.used(f"7 (a ) b) {fields}") == 14 + 15 + 16 + 17
