"""An expression told in words, for people who read no expressions.

Every text goes through the catalogues of the console: a new condition without a translation is
found by a test.
"""

from collections.abc import Iterable
from decimal import Decimal

from broadcaster.audience.areas.version import parted
from broadcaster.audience.attributes import OWN_PLACE, Attribute, Catalogue, Kind
from broadcaster.audience.expression import (
    Amount,
    And,
    Campaign,
    Comparison,
    Everyone,
    Expression,
    Has,
    HasOf,
    Holds,
    InArea,
    InSegment,
    Literal,
    MayReceive,
    Missing,
    Named,
    Near,
    Not,
    OneOf,
    Operator,
    OptedOut,
    Or,
    Other,
    Outcome,
    Place,
    Present,
)
from broadcaster.audience.phrases import Phrases, Speech

_KILOMETRE = 1000


def explain(expression: Expression, catalogue: Catalogue, speech: Speech) -> str:
    """Say in a sentence whom an expression selects."""
    return _Explainer(catalogue, speech).sentence(expression)


def counted(count: int, speech: Speech) -> str:
    """Say how many customers that are."""
    text = speech.ngettext(
        "%(count)s customer is selected now.", "%(count)s customers are selected now.", count
    )
    return text % {"count": speech.number(Decimal(count))}


class _Explainer(Phrases):
    """Puts sentences together."""

    def sentence(self, expression: Expression) -> str:
        if isinstance(expression, Everyone):
            return self._("Every customer is selected.")
        condition = self._said(expression)
        return self._("A customer is selected when this is so: %(condition)s.", condition=condition)

    def _said(self, expression: Expression) -> str:
        match expression:
            case Not(part):
                said = self._("(%(condition)s)", condition=self._said(part))
                return self._("it is not so that %(condition)s", condition=said)
            case And(parts):
                return self._joined(self.speech.gettext("%(one)s, and %(other)s"), parts)
            case Or(parts):
                return self._joined(self.speech.gettext("%(one)s, or %(other)s"), parts)
            case Comparison() | OneOf() | Holds() | Has() | HasOf() | Present() | Missing():
                return self._named(expression)
            case _:
                return self._other(expression)

    def _nested(self, part: Expression) -> str:
        said = self._said(part)
        return self._("(%(condition)s)", condition=said) if isinstance(part, And | Or) else said

    def _joined(self, pattern: str, parts: Iterable[Expression]) -> str:
        first, *rest = (self._nested(part) for part in parts)
        said = first
        for other in rest:
            said = pattern % {"one": said, "other": other}
        return said

    # -- attributes ----------------------------------------------------------------------------

    def _named(self, leaf: Named) -> str:  # noqa: PLR0911  (one arm a node)
        attribute = self.known[leaf.name]
        what = self.quoted(self.label(attribute.labels))
        match leaf:
            case Comparison(_, how, value):
                return self._compared(what, how, value, attribute)
            case OneOf(_, values):
                listed = self.listed(values, attribute)
                return self._("%(what)s is one of these: %(values)s", what=what, values=listed)
            case Holds(_, place, text):
                return self._holds(what, place, self.quoted(text))
            case Has(_, member):
                value = self.value(member, attribute)
                return self._("%(what)s includes %(value)s", what=what, value=value)
            case HasOf(_, amount, members):
                listed = self.listed(members, attribute)
                if amount is Amount.ANY:
                    return self._(
                        "%(what)s includes at least one of these: %(values)s",
                        what=what,
                        values=listed,
                    )
                return self._(
                    "%(what)s includes all of these: %(values)s", what=what, values=listed
                )
            case Present():
                return self._("%(what)s is known", what=what)
            case Missing():
                return self._("%(what)s is not known", what=what)

    def _compared(self, what: str, how: Operator, value: Literal, attribute: Attribute) -> str:
        said = self.value(value, attribute)
        if how is Operator.EQUAL:
            return self._("%(what)s is %(value)s", what=what, value=said)
        if how is Operator.DIFFERENT:
            return self._("%(what)s is known and is not %(value)s", what=what, value=said)
        if attribute.kind is Kind.NUMBER:
            patterns = {
                Operator.LESS: self.speech.gettext("%(what)s is less than %(value)s"),
                Operator.AT_MOST: self.speech.gettext("%(what)s is at most %(value)s"),
                Operator.MORE: self.speech.gettext("%(what)s is more than %(value)s"),
                Operator.AT_LEAST: self.speech.gettext("%(what)s is at least %(value)s"),
            }
        elif attribute.kind is Kind.DATE:
            patterns = {
                Operator.LESS: self.speech.gettext("%(what)s is before %(value)s"),
                Operator.AT_MOST: self.speech.gettext("%(what)s is %(value)s or before"),
                Operator.MORE: self.speech.gettext("%(what)s is after %(value)s"),
                Operator.AT_LEAST: self.speech.gettext("%(what)s is %(value)s or after"),
            }
        else:
            patterns = {
                Operator.LESS: self.speech.gettext("%(what)s sorts before %(value)s"),
                Operator.AT_MOST: self.speech.gettext("%(what)s is %(value)s or sorts before it"),
                Operator.MORE: self.speech.gettext("%(what)s sorts after %(value)s"),
                Operator.AT_LEAST: self.speech.gettext("%(what)s is %(value)s or sorts after it"),
            }
        return patterns[how] % {"what": what, "value": said}

    def _holds(self, what: str, place: Place, text: str) -> str:
        match place:
            case Place.START:
                return self._("%(what)s begins with %(value)s", what=what, value=text)
            case Place.ANYWHERE:
                return self._("%(what)s contains %(value)s", what=what, value=text)
            case Place.END:
                return self._("%(what)s ends with %(value)s", what=what, value=text)

    # -- everything else -----------------------------------------------------------------------

    def _other(self, leaf: Other) -> str:  # noqa: PLR0911  (one arm a node)
        match leaf:
            case Everyone():
                return self._("the customer is anybody")
            case MayReceive(message_class, channel):
                return self._(
                    "%(sort)s may be sent to the customer by %(channel)s",
                    sort=self.sort(message_class),
                    channel=self.channel(channel),
                )
            case OptedOut(message_class, channel):
                return self._(
                    "the customer has refused %(sort)s by %(channel)s",
                    sort=self.sort(message_class),
                    channel=self.channel(channel),
                )
            case Campaign(outcome, name):
                return self._campaign(outcome, self.quoted(name))
            case InArea():
                return self._in_area(leaf)
            case Near():
                return self._near(leaf)
            case InSegment(name):
                segment = self.quoted(name)
                return self._("the customer is in the segment %(segment)s", segment=segment)

    def _campaign(self, outcome: Outcome, campaign: str) -> str:
        match outcome:
            case Outcome.TARGETED:
                return self._(
                    "the campaign %(campaign)s was meant for the customer", campaign=campaign
                )
            case Outcome.RECEIVED:
                return self._("a message of the campaign %(campaign)s arrived", campaign=campaign)
            case Outcome.UNCONFIRMED:
                return self._(
                    "the campaign %(campaign)s was meant for the customer, "
                    "but no message of it is known to have arrived",
                    campaign=campaign,
                )
            case Outcome.FAILED:
                return self._(
                    "a message of the campaign %(campaign)s failed, and none arrived",
                    campaign=campaign,
                )

    def _in_area(self, leaf: InArea) -> str:
        # What is approved names a version by its hash, which says nothing to readers.
        area = self.quoted(parted(leaf.area)[0])
        if leaf.name == OWN_PLACE:
            return self._("the customer is in the area %(area)s", area=area)
        return self._("%(what)s is in the area %(area)s", what=self._place(leaf.name), area=area)

    def _place(self, name: str) -> str:
        return self.quoted(self.label(self.known[name].labels))

    def _near(self, leaf: Near) -> str:
        far = leaf.metres >= _KILOMETRE
        distance = self.speech.number(leaf.metres / _KILOMETRE if far else leaf.metres)
        # The point as maps take it: with decimal points in every language.
        point = self.apart(f"{leaf.latitude:f}, {leaf.longitude:f}")
        distance = self.apart(distance)
        if leaf.name != OWN_PLACE:
            said = (
                self.speech.gettext("%(what)s is at most %(distance)s km from the point %(point)s")
                if far
                else self.speech.gettext(
                    "%(what)s is at most %(distance)s m from the point %(point)s"
                )
            )
            what = self._place(leaf.name)
            return said % {"what": what, "distance": distance, "point": point}
        if far:
            return self._(
                "the customer is at most %(distance)s km from the point %(point)s",
                distance=distance,
                point=point,
            )
        return self._(
            "the customer is at most %(distance)s m from the point %(point)s",
            distance=distance,
            point=point,
        )
