"""The form that builds segments: it can show and write every expression there is."""

from urllib.parse import unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from broadcaster.audience.attributes import Kind
from broadcaster.audience.expression import Expression, leaves
from broadcaster.audience.form import Form, from_form, to_form
from broadcaster.web.console.people import words
from broadcaster.web.console.people.builder import _BY_KIND, _SEALED
from broadcaster.web.console.people.ways import way
from tests.expressions import EXPRESSIONS, KNOWN, NAMES


@given(EXPRESSIONS)
def test_every_expression_comes_back_from_the_form_as_it_was(tree: Expression) -> None:
    """And each of its conditions has words on the form."""
    assert from_form(to_form(tree), KNOWN, NAMES) == tree
    for leaf in leaves(tree):
        form = to_form(leaf)
        if "attribute" not in form:
            assert form["is"] in words.OTHERS
        else:
            orders = words.ORDERS.get(KNOWN.known[form["attribute"]].kind, words.ORDERS["text"])
            assert how(form) in words.OPERATORS or how(form) in orders


def test_every_way_of_asking_that_is_offered_can_be_read() -> None:
    """For each attribute and each operator, with a first value."""
    for name, one in KNOWN.known.items():
        for offered in _SEALED if one.sealed else _BY_KIND[one.kind]:
            kind, _, word = offered.partition(" ")
            value: object = next(iter(one.choices), "12")
            value = {Kind.DATE: {"today": 0, "unit": "day"}, Kind.BOOLEAN: True}.get(
                one.kind, value
            )
            form: Form = {"is": kind, "attribute": name, "value": value, "values": [value]}
            form |= {"operator": word, "place": word, "amount": word, "text": "An"}
            form |= {"area": "Old town", "metres": "5", "latitude": "33.5", "longitude": "-7"}
            assert how(to_form(from_form(form, KNOWN, NAMES))) == offered


@given(
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=100)
)
def test_every_name_has_an_address_that_leads_back_to_it(name: str) -> None:
    """Names with slashes, dots and the words of our own addresses too."""
    parts = urlsplit(way("/segments", name))
    assert len(parts.path) <= 900
    if parts.query:
        assert unquote(parts.query.removeprefix("of=")) == name
    else:
        own = unquote(parts.path.removeprefix("/segments/"))
        assert own == name
        assert parts.path.count("/") == 2
        assert own not in {"new", ".", ".."}


def how(form: Form) -> str:
    """Name the way of asking as the form does."""
    word = form.get("operator") or form.get("place") or form.get("amount")
    return f"{form['is']} {word}" if word else str(form["is"])
