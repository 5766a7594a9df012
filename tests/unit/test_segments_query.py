"""The language of segments: what it reads, what it means, and how it says what is wrong."""

from datetime import date
from decimal import Decimal

import pytest

from broadcaster.audience.attributes import Attribute, Kind
from broadcaster.audience.expression import (
    And,
    Comparison,
    Everyone,
    Has,
    Not,
    OneOf,
    Operator,
    Or,
    canonical,
)
from broadcaster.audience.faults import ExpressionError
from broadcaster.audience.query import parse
from broadcaster.audience.rule import Circumstances, matches
from broadcaster.audience.sql import Setting, condition
from broadcaster.errors import InvalidInputError
from tests.builders import customer
from tests.catalogues import SHIPPED, with_attribute
from tests.expressions import NAMES, TODAY

_KNOWN = Circumstances(catalogue=SHIPPED, today=TODAY)
_AMINA = customer(
    attributes={
        "district": "Anfa",
        "services": ("water", "electricity"),
        "meter_day": 12,
        "subscribed_kva": 3.3,
        "life_support": True,
        "contract": "residential",
        "opened_on": "2019-12-31",
    },
    locales=("ar-MA", "fr"),
)


def test_precedence_is_not_then_and_then_or() -> None:
    """`not` binds tighter than `and`, and `and` tighter than `or`."""
    tree = parse('district = "A" or not life_support = true and services has "water"', SHIPPED)
    assert tree == Or(
        (
            Comparison("district", Operator.EQUAL, "A"),
            And(
                (
                    Not(Comparison("life_support", Operator.EQUAL, value=True)),
                    Has("services", "water"),
                )
            ),
        )
    )


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("all", Everyone()),
        ("ALL", Everyone()),
        ("(((all)))", Everyone()),
        ("meter_day == 3", Comparison("meter_day", Operator.EQUAL, Decimal(3))),
        ("meter_day <> 3", Comparison("meter_day", Operator.DIFFERENT, Decimal(3))),
        ("meter_day in (1,2.5)", OneOf("meter_day", (Decimal(1), Decimal("2.5")))),
        ('opened_on < "2020-03-20"', Comparison("opened_on", Operator.LESS, date(2020, 3, 20))),
        ("opened_on < 2020-03-20", Comparison("opened_on", Operator.LESS, date(2020, 3, 20))),
        (r'name = "a\"b\\"', Comparison("name", Operator.EQUAL, 'a"b\\')),
        ('district = "Mâarif"', Comparison("district", Operator.EQUAL, "Mâarif")),
        ('district = "Ma\u0302arif"', Comparison("district", Operator.EQUAL, "Mâarif")),
    ],
)
def test_reads_every_form(text: str, tree: object) -> None:
    """Each form of a condition has its tree."""
    assert parse(text, SHIPPED) == tree


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("all", True),
        ("not all", False),
        ('district = "Anfa"', True),
        ('district = "anfa"', False),
        ('district != "Anfa"', False),
        ('services has "water"', True),
        ('services has "sanitation"', False),
        ("meter_day >= 12", True),
        ("meter_day < 12", False),
        ("subscribed_kva = 3.3", True),
        ("life_support = true", True),
        ("life_support != true", False),
        ("opened_on < 2020-01-01", True),
        ('contract in ("public", "residential")', True),
        ('locale = "ar-MA"', True),
        ('locale = "fr"', False),
        ('locales has "fr"', True),
        ('number = "C000001"', True),
        ('number < "C000002" and number > "C"', True),
    ],
)
def test_selects_whom_it_says(text: str, *, selected: bool) -> None:
    """The pure rule selects by attributes, columns and sets."""
    assert matches(parse(text, SHIPPED), _AMINA, _KNOWN) is selected


@pytest.mark.parametrize(
    "comparison",
    [
        'feeder = "F1"',
        'feeder != "F1"',
        'feeder in ("F1")',
        'feeder < "F1"',
        'name_latin = "x"',
        'services has "water"',
    ],
)
def test_a_missing_value_matches_no_comparison(comparison: str) -> None:
    """Who has no value is selected by no comparison, and by every `not` of one."""
    nobody = customer(attributes={}, name_latin=None)
    assert not matches(parse(comparison, SHIPPED), nobody, _KNOWN)
    assert matches(parse(f"not {comparison}", SHIPPED), nobody, _KNOWN)


def test_a_value_of_another_type_counts_as_missing() -> None:
    """What an older version stored differently is not compared by accident."""
    odd = customer(attributes={"meter_day": "12", "life_support": 1, "services": "water"})
    for text in ("meter_day = 12", "life_support = true", 'services has "water"'):
        assert not matches(parse(text, SHIPPED), odd, _KNOWN)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ('distrct = "Anfa"', 'Did you mean "district"?'),
        # Labels are no names; they are answered with what they stand for.
        ('الحي = "Anfa"', 'Did you mean "district"?'),
        ("jour de relève < 3", 'Did you mean "meter_day"?'),
        ('district = "Anfa" و all', "و comes unexpectedly"),
        ("é", '"é" is no attribute. Use one of number'),
        ('consent = "email"', "Write: may receive promotional by email"),
        ('area "Anfa"', 'Write: location in area "..."'),
        ("within 500 m of 33.59, -7.62", "Write: location within 500 m of 33.59, -7.62"),
        ('segment "x"', 'Write: in segment "..."'),
        ("missing district", "Write: district is missing"),
        ("district = Anfa", 'Texts stand in double quotes: "Anfa"'),
        ("district = 'Anfa'", "at character 12"),
        ("district = “Anfa”", "straight double quotes"),
        ('district = "Anfa', "Close the text"),
        ('services = "water"', 'Write: services has "..."'),
        ('services has "wather"', 'Did you mean "water"?'),
        ('district has "Anfa"', "is no set"),
        ('contract < "public"', "has no order"),
        ('name < "B"', "kept encrypted"),
        ('name_latin >= "B"', 'Write name_latin = "..."'),
        ("life_support > true", "has no order"),
        ('meter_day = "3"', "Write a number"),
        ("meter_day = true", "Write a number"),
        ("opened_on = 2020-02-30", "is no date"),
        ('opened_on = "31/12/2020"', "Write 2020-12-31"),
        ('opened_on = "31/13/2020"', "Write 2020-03-20"),
        ("opened_on = 1/2/2020", "Write days as 2020-02-01"),
        ("opened_on = 2020", "Write a date"),
        ("life_support = 1", "Write true or false"),
        ('district not in ("Anfa")', "Write: not district in"),
        ("district in ()", "where a value of district belongs"),
        ('district in ("a"', "Separate values by commas"),
        ("(all", "Close the bracket of character 1"),
        ("all)", "comes unexpectedly"),
        ("all all", "Join conditions"),
        ("all && all", "Write 'and'"),
        ("and all", "where an attribute belongs"),
        ("not", "where an attribute belongs"),
        ("all; DROP TABLE customer", "can't be read"),
        ("meter_day = 1e9", "can't be read"),
        ('district = "a\x00b"', "Close the text"),
        ('district = "\udcff"', "not UTF-8"),
        ("all and " * 5000 + "all", "longer than 10000"),
        ("(" * 1900 + "all" + ")" * 1900, "nested more than 50"),
        ("not " * 2000 + "all", "nested more than 50"),
        ("meter_day in (" + "1," * 4000 + "1)", "more than 4000 words"),
    ],
)
def test_says_where_it_is_wrong(text: str, words: str) -> None:
    """A wrong expression is refused with its position, the problem and a remedy."""
    with pytest.raises(InvalidInputError) as refused:
        parse(text, SHIPPED)
    assert words in str(refused.value)
    assert refused.value.field == "expression"


def test_nothing_from_outside_reaches_the_text_of_sql() -> None:
    """Values and names of attributes are bound, whatever they hold."""
    hostile = '"; DROP TABLE customer; --%s %(x)s'
    made = condition(
        parse('district = "\\"; DROP TABLE customer; --%s %(x)s"', SHIPPED),
        Setting(catalogue=SHIPPED, today=TODAY),
    )
    assert hostile in made.values.values()
    assert "DROP" not in made.text
    assert all(name.startswith("segment_") for name in made.values)


def test_a_new_attribute_is_one_entry() -> None:
    """Adding an entry is all that it takes to ask for an attribute."""
    entry = Attribute(kind=Kind.NUMBER, labels={"ar": "مسابح", "fr": "piscines", "en": "pools"})
    more = with_attribute("pools", entry)
    tree = parse("pools > 1", more)
    known = Circumstances(catalogue=more, today=TODAY)
    assert matches(tree, customer(attributes={"pools": 2}), known)
    assert "pools" in condition(tree, Setting(catalogue=more, today=TODAY)).values.values()
    assert canonical(tree) == "pools > 1"


@pytest.mark.parametrize("name", sorted(SHIPPED.known))
def test_every_attribute_has_its_labels(name: str) -> None:
    """People see attributes and choices in the languages of the console."""
    attribute = SHIPPED.known[name]
    for labels in (attribute.labels, *attribute.choices.values()):
        assert sorted(labels) == ["ar", "en", "es", "fr"]
        assert all(labels.values())


@pytest.mark.parametrize(
    ("text", "canonical_text"),
    [
        ("life_support", "life_support = true"),
        ("not life_support and all", "not life_support = true and all"),
        ("meter_day = ١٢", "meter_day = 12"),
        ("meter_day in (१, ٢،3)", "meter_day in (1, 2, 3)"),
        ("subscribed_kva ≥ ٦٫٦", "subscribed_kva >= 6.6"),
        ("opened_on > ٢٠٢٠-٠٣-٢٠", "opened_on > 2020-03-20"),
        ('opened_on > "٢٠٢٠-٠٣-٢٠"', "opened_on > 2020-03-20"),
        ("opened_on > TODAY-90 days", "opened_on > today - 90 days"),
        ("opened_on > today - 1 years", "opened_on > today - 1 year"),
        ("opened_on < today + 2 week", "opened_on < today + 2 weeks"),
        ("opened_on = today - 0 days", "opened_on = today"),
        ("district IS NOT MISSING", "district is present"),
        ("district is not present", "district is missing"),
        ('services has ANY of ("water")', 'services has any of ("water")'),
        ('district Starts With "An"', 'district starts with "An"'),
        ("location within 1.5 km of ٣٣٫٥٩، -7.62", "location within 1500 m of 33.59, -7.62"),
        ("may receive PROMOTIONAL by Email", "may receive promotional by email"),
        ('targeted by campaign " Water   cut "', 'targeted by campaign "Water cut"'),
    ],
)
def test_what_people_write_is_read(text: str, canonical_text: str) -> None:
    """Capitals, digits of other scripts, signs of mathematics, and short ways to say it."""
    assert canonical(parse(text, SHIPPED)) == canonical_text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('quartier = "Anfa"', 'Did you mean "district"?'),
        ('services has "eau"', 'Did you mean "water"?'),
        ('services has any ("water")', "Write: services has any of"),
        ("district is nothing", "Write: district is missing"),
        ('meter_day starts with "1"', "is no text"),
        ('services contains "water"', 'Write: services has "..."'),
        ('name contains "A"', "kept encrypted"),
        ("opened_on > today - 90", "'days'"),
        ("opened_on > today - 1.5 days", "whole number"),
        ("opened_on > today - 300 years", "more than 200"),
        ("opened_on > today - 3 dais", 'Did you mean "days"?'),
        ("meter_day > today", "Write a number"),
        ("may receive promotinal by sms", 'Did you mean "promotional"?'),
        ("may receive service by fax", "Use one of sms, email, push"),
        ("opted out service by sms", "opted out of service by sms"),
        ('received "x"', 'Write: received campaign "..."'),
        ("received campaign x", "in double quotes"),
        ('location = "Anfa"', 'location in area "..."'),
        ("location within 0 m of 1, 1", "no distance on earth"),
        ("location within 500 of 1, 1", "'m' or 'km'"),
        ("location within 500 m of 91, 1", "is no latitude"),
        ("location within 500 m of 1, 181", "is no longitude"),
        ('in district "x"', 'in segment "..."'),
        ("segment = 1", "where an attribute belongs"),
    ],
)
def test_suggests_what_was_meant(text: str, words: str) -> None:
    """The nearest name, choice or word; else how it is written."""
    with pytest.raises(InvalidInputError) as refused:
        parse(text, SHIPPED)
    assert words in str(refused.value)


def test_names_of_segments_and_campaigns_are_looked_up() -> None:
    """With the nearest that there is, accents and case aside."""
    with pytest.raises(InvalidInputError, match='Did you mean "dry or new"'):
        parse('in segment "Dry ór new"', SHIPPED, NAMES)
    with pytest.raises(InvalidInputError, match='Did you mean "cut"'):
        parse('unconfirmed in campaign "Cuts"', SHIPPED, NAMES)


@pytest.mark.parametrize(
    ("text", "picture"),
    [
        ('distrct = "Anfa"', '  distrct = "Anfa"\n  ^'),
        ('all and contract > "public"', '  all and contract > "public"\n                   ^'),
        ('name = "日本" & all', '  name = "日本" & all\n                ^'),
        ('district = "درب" & all', '  district = "درب" ▶& all'),
        ("all and " * 20 + "x", "  …" + ("all and " * 20)[-30:] + "x\n" + " " * 33 + "^"),
    ],
)
def test_a_fault_points_at_its_place(text: str, picture: str) -> None:
    """A caret below the text, or a mark within it where letters run from right to left."""
    with pytest.raises(ExpressionError) as refused:
        parse(text, SHIPPED)
    assert refused.value.picture() == picture
