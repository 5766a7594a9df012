"""`broadcaster segments` and saved segments on a real database."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.audience.audience import SegmentAudience
from broadcaster.audience.segments import Segments
from broadcaster.audience.store import Customers
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.ledger.pool import LedgerPool
from broadcaster.planning.planner import Planner
from broadcaster.ports import NO_KEYS
from broadcaster.privacy.retention import Retention
from tests.builders import NOON, customer
from tests.commands import Run, run
from tests.fakes import FakeRenderer
from tests.rows import Rows

__all__ = ["run"]


def _people(run: Run, folder: Path) -> None:
    path = folder / "customers.csv"
    path.write_text(
        "number,name,services,district,opened_on\n"
        "1,Amina,water;electricity,Anfa,2019-12-31\n"
        "2,Karim,water,Maârif,2020-02-29\n"
        "3,Nadia,electricity,,2020-03-20\n",
        encoding="utf-8",
    )
    assert run("customers", "import", str(path)).code == 0


def test_a_segment_is_shown_as_text_and_as_the_form_that_saves_it(run: Run, tmp_path: Path) -> None:
    """What a form gets, it may give back: the same segment."""
    _people(run, tmp_path)
    run("segments", "save", "wet", 'services has "water" and district is present')
    assert run("segments", "show", "wet").out.startswith('services has "water" and')
    shown = json.loads(run("segments", "show", "wet", "--json").out)
    form = tmp_path / "form.json"
    form.write_text(json.dumps(shown["form"]), encoding="utf-8")
    saved = json.loads(run("segments", "save", "again", "--form", str(form), "--json").out)
    assert saved == {"name": "again", "expression": shown["expression"], "customers": 2}


def test_a_segment_is_told_in_words(run: Run, tmp_path: Path) -> None:
    """In the language that was asked for, with how many they are, and how they are found."""
    _people(run, tmp_path)
    run("segments", "save", "anfa", 'district = "Anfa"')
    said = run("segments", "explain", "anfa", "--locale", "fr-MA").out.splitlines()
    assert said[0].startswith("Un client est sélectionné lorsque")
    assert said[1] == "1 client est sélectionné actuellement."
    assert "الحي" in run("segments", "explain", "anfa", "--locale", "ar-MA").out
    told = json.loads(run("segments", "explain", "anfa", "--plan", "--json").out)
    assert told["customers"] == 1
    assert any("customers" in step for step in told["plan"]["steps"])
    assert "is no locale" in run("segments", "explain", "anfa", "--locale", "xx").err


def test_a_sample_shows_names_only_when_asked(run: Run, tmp_path: Path) -> None:
    """Of a name the beginning is enough to see that it is somebody."""
    _people(run, tmp_path)
    (one,) = json.loads(run("segments", "sample", 'district = "Anfa"', "--json").out)
    assert (one["number"], one["name"]) == ("1", "A…")
    assert "name_latin" not in one
    assert "Amina" not in run("segments", "sample", "all").out
    (first, _) = json.loads(
        run("segments", "sample", "all", "--limit", "2", "--names", "--json").out
    )
    assert first["name"] == "Amina"
    assert run("segments", "sample", 'district = "x"').out == "Nobody.\n"
    assert "out of range" in run("segments", "sample", "all", "--limit", "0").err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("save", "x"), "is needed, or --form"),
        (("save", "x", "all", "--form", "y"), "and not both"),
        (("save", "x", "--form", "nowhere.json"), "can't be read"),
        (("save", "x", 'in segment "nobody"'), "there is no 'nobody'"),
        (("save", "x", 'received campaign "nothing"'), "there is no 'nothing'"),
        (("save", "x", 'location in area "nowhere"'), "does not exist"),
        (("save", "x", 'in segment "x"'), "there is no 'x'"),
        (("explain", "nobody"), "does not exist"),
        (("delete", "nobody"), "does not exist"),
    ],
)
def test_a_wrong_command_is_one_line(run: Run, words: tuple[str, ...], expected: str) -> None:
    """What is wrong, and exit code 2; nothing is saved."""
    said = run("segments", *words)
    assert said.code == 2
    assert expected in said.err
    assert said.err.count("\n") == 1
    assert json.loads(run("segments", "list", "--json").out) == []


def test_segments_stand_in_one_another(pool: LedgerPool) -> None:
    """They include and exclude, and a change of one changes the others."""
    customers, segments = Customers(pool), Segments(pool)
    customers.save([customer(n, attributes={"meter_day": n}) for n in range(1, 7)])
    segments.save("early", "meter_day < 4")
    segments.save("late", 'not in segment "early" and meter_day is present')
    assert customers.count('in segment "late"') == 3
    segments.save("early", "meter_day < 2")
    assert customers.count('in segment "late"') == 5
    with pytest.raises(ConflictError, match="stands in 'late'"):
        segments.delete("early")


def test_a_circle_of_segments_is_refused_by_name(pool: LedgerPool) -> None:
    """Also a wide one, and one of itself; what was saved stays."""
    segments = Segments(pool)
    segments.save("a", "meter_day = 1")
    segments.save("b", 'in segment "a" or meter_day = 2')
    segments.save("c", 'not in segment "b"')
    for name in ("a", "b", "c"):
        with pytest.raises(InvalidInputError, match="in a circle") as refused:
            segments.save("a", f'meter_day = 3 and in segment "{name}"')
        assert '"a" → ' in refused.value.problem
        assert refused.value.problem.endswith('→ "a"')
    assert segments.get("a").expression == "meter_day = 1"


def test_segments_in_segments_are_bounded(pool: LedgerPool) -> None:
    """A tower of doubling segments ends before it is too large, a deep one too."""
    segments = Segments(pool)
    segments.save("wide0", " or ".join(f"meter_day = {n}" for n in range(100)))
    segments.save("deep0", "all")
    with pytest.raises(InvalidInputError, match=r"more than 2000 conditions|longer than 10000"):
        _tower(segments, "wide", 'in segment "{0}" or not in segment "{0}"')
    with pytest.raises(InvalidInputError, match="more than 10 deep"):
        _tower(segments, "deep", 'in segment "{0}"')


def _tower(segments: Segments, name: str, expression: str) -> None:
    for number in range(1, 15):
        segments.save(f"{name}{number}", expression.format(f"{name}{number - 1}"))


def test_a_change_that_another_segment_could_not_bear_is_refused(pool: LedgerPool) -> None:
    """Who stands in others is checked with them."""
    segments = Segments(pool)
    segments.save("part", "all")
    segments.save("whole", " or ".join(['in segment "part"'] * 30))
    with pytest.raises(InvalidInputError, match="more than 2000 conditions"):
        segments.save("part", " or ".join(f"meter_day = {n}" for n in range(100)))
    assert segments.get("part").expression == "all"


def test_a_campaign_keeps_what_a_segment_meant(pool: LedgerPool) -> None:
    """Segments are written out and days are made certain: what is approved is what is sent."""
    segments = Segments(pool)
    segments.save("new", "opened_on > today - 1 month")
    segments.save("told", 'in segment "new" and meter_day < 4')
    kept = segments.pinned("told")
    assert kept.name == "told"
    assert "today" not in kept.expression
    assert "segment" not in kept.expression
    segments.save("new", "all")
    assert Customers(pool).count(kept.expression) == 0


def test_past_campaigns_are_asked_by_name(pool: LedgerPool) -> None:
    """Who was targeted, and whose message arrived; a campaign that left is an error, not nobody."""
    rows = Rows(pool)
    campaign = rows.running(3, name="Water cut")
    rows.tell("UPDATE delivery SET status = 'delivered' WHERE number = 1")
    rows.tell("UPDATE delivery SET status = 'undelivered' WHERE number = 2")
    customers = Customers(pool)
    counts = {
        words: customers.count(f'{words} campaign "Water cut"')
        for words in ("targeted by", "received", "unconfirmed in", "failed in")
    }
    assert counts == {"targeted by": 3, "received": 1, "unconfirmed in": 2, "failed in": 1}
    with pytest.raises(InvalidInputError, match='Did you mean "Water cut"'):
        customers.count('received campaign "water cat"')
    rows.tell("UPDATE campaign SET archived_at = now() WHERE id = %s", campaign)
    with pytest.raises(InvalidInputError, match="there is no 'Water cut'"):
        customers.count('received campaign "Water cut"')


def test_what_a_campaign_keeps_of_a_segment_can_always_be_planned(pool: LedgerPool) -> None:
    """Written out it may be longer than what was typed: that is refused, also for those around."""
    segments, audience = Segments(pool), SegmentAudience(pool)
    sixty = " or ".join(f"opened_on >= today - {day} days" for day in range(60))

    segments.save("old", sixty)
    most = segments.pinned("old").expression
    assert audience.condition(most).values
    texts = " or ".join(f'district = "{"x" * 190}{one}"' for one in range(30))
    segments.save("small", 'district = "Anfa"')
    segments.save("around", f'in segment "small" or {texts}')
    segments.save("further", 'in segment "around" and in segment "old"')
    for words in (texts, f'in segment "old" and ({texts})'):
        with pytest.raises(InvalidInputError) as refused:
            segments.save("small", words)
        assert "segment 'around', written out with all that is in it: is longer" in str(
            refused.value
        )
    assert segments.get("small").expression == 'district = "Anfa"'
    assert segments.pinned("further").expression


def test_a_day_of_the_calendar_may_make_a_segment_too_long(pool: LedgerPool) -> None:
    """As it is longer than one told from today; segments saved before are refused when pinned."""
    segments, audience = Segments(pool), SegmentAudience(pool)
    text = "opened_on in (" + ", ".join(["today"] * 1200) + ")"
    assert len(text) < 10_000
    with pytest.raises(InvalidInputError, match="'days', written out with all that is in it"):
        segments.save("days", text)
    with pool.connection() as connection:
        connection.execute("INSERT INTO segment (name, expression) VALUES ('days', %s)", [text])
    assert audience.condition(text).values
    with pytest.raises(InvalidInputError, match="is longer than 10000"):
        segments.pinned("days")


@pytest.mark.parametrize("sign", ["[", '{"a":', "-", "1"])
def test_a_text_that_looks_like_the_beginning_of_a_document_is_a_text(
    pool: LedgerPool, sign: str
) -> None:
    """However often it is repeated: it is compared as it is, and is no number and no list."""
    text = (sign * 9000)[:9000].replace('"', "'")
    assert Customers(pool).count(f'district = "{text}"') == 0
    rows = Rows(pool)
    rows.save([customer(1), customer(2, attributes={"district": "[1]"})])
    rows.tell("UPDATE customer SET attributes = '{\"district\": [1]}' WHERE number = 'C000001'")
    assert Customers(pool).count('district = "[1]"') == 1


def test_a_campaign_whose_people_are_forgotten_selects_nobody_silently(pool: LedgerPool) -> None:
    """Nor everybody: it is an error that says why, in a saved segment and at the plan too."""
    rows, segments, audience = Rows(pool), Segments(pool), SegmentAudience(pool)
    campaign = rows.running(3, name="Water cut")
    segments.save("told", 'targeted by campaign "Water cut"')
    segments.save("others", 'not in segment "told"')
    kept = segments.pinned("others").expression
    retention = Retention(
        pool,
        dict.fromkeys(
            ("service", "promotional", "safety", "receipts", "devices", "left", "addresses"), 30
        ),
        NO_KEYS,
    )
    rows.tell(
        "UPDATE campaign SET status = 'completed', finished_at = %s WHERE id = %s",
        NOON - timedelta(days=31),
        campaign,
    )
    assert [one.what for one in retention.apply("amina", NOON)] == ["Water cut"]
    words = "nobody of 'Water cut' is known any more, as its time of keeping is over"
    for expression in ('received campaign "Water cut"', kept, 'in segment "others"'):
        with pytest.raises(InvalidInputError, match=words):
            audience.condition(expression)
    with pytest.raises(InvalidInputError, match=words):
        segments.pinned("others")
    segments.save("more", "all")
    segments.delete("more")
    planned = rows.launched(name="next", expression=kept)
    with pytest.raises(InvalidInputError, match=words):
        Planner(pool, audience, FakeRenderer(), batch_size=10).plan(planned, NOON)


def test_a_segment_whose_campaign_left_is_in_nobodys_way(pool: LedgerPool) -> None:
    """Others are saved and deleted as before; it alone is an error."""
    rows, segments = Rows(pool), Segments(pool)
    campaign = rows.running(3, name="Water cut")
    segments.save("part", "all")
    segments.save("left", 'received campaign "Water cut" and in segment "part"')
    rows.tell("UPDATE campaign SET archived_at = now() WHERE id = %s", campaign)
    segments.save("part", "meter_day = 1")
    segments.save("more", 'in segment "part"')
    with pytest.raises(InvalidInputError, match="there is no 'Water cut'"):
        segments.pinned("left")
    segments.delete("left")
