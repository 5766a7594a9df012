"""What composing and approving call things; the texts are translated where they are shown.

`_` only marks a text for the catalogue.
"""

from collections.abc import Mapping
from enum import StrEnum

from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import MessageClass
from broadcaster.errors import BroadcasterError, InvalidInputError
from broadcaster.ledger.versions import Event
from broadcaster.web.labels import CHANNELS, REASONS


def _(text: str) -> str:
    return text


class Step(StrEnum):
    """The steps of composing, in their order."""

    FACTS = "facts"
    AUDIENCE = "audience"
    PLAN = "plan"
    WORDING = "wording"
    SCHEDULE = "schedule"
    CHECK = "check"


STEPS: Mapping[Step, str] = {
    Step.FACTS: _("Facts"),
    Step.AUDIENCE: _("Audience"),
    Step.PLAN: _("Channels"),
    Step.WORDING: _("Wording"),
    Step.SCHEDULE: _("Schedule"),
    Step.CHECK: _("Checklist"),
}

#: Which fields stand in which step; facts aside.
STEP_FIELDS: Mapping[Step, frozenset[str]] = {
    Step.FACTS: frozenset({"name"}),
    Step.AUDIENCE: frozenset({"segment", "expression", "segment_name", "how"}),
    Step.PLAN: frozenset(
        {
            "channels",
            "order",
            "plan",
            "escalate_after",
            "lane",
            "message_class",
            "one_per",
            "drill",
        }
    ),
    Step.WORDING: frozenset(),
    Step.SCHEDULE: frozenset({"effective", "expires", "scheduled"}),
    Step.CHECK: frozenset(),
}

FIELDS: Mapping[str, str] = {
    "name": _("Name of the campaign"),
    "kind": _("Kind"),
    "segment": _("Segment"),
    "expression": _("Expression"),
    "segment_name": _("Name of the new segment"),
    "channels": _("Channels"),
    "order": _("Order of the channels"),
    "plan": _("Plan"),
    "escalate_after": _("Minutes before the next channel"),
    "lane": _("Lane"),
    "message_class": _("Class"),
    "one_per": _("Who is told for others"),
    "drill": _("Drill"),
    "effective": _("Valid from"),
    "expires": _("Valid until"),
    "scheduled": _("Start sending at"),
    "people": _("Number of people"),
    "comment": _("Comment"),
    "bypass": _("Reason"),
}

PLANS: Mapping[ChannelPlan, str] = {
    ChannelPlan.ALL: _("All channels"),
    ChannelPlan.FIRST_REACHABLE: _("First channel that reaches them"),
    ChannelPlan.ESCALATE: _("Escalate"),
}

PLAN_HINTS: Mapping[ChannelPlan, str] = {
    ChannelPlan.ALL: _("Each customer is told on every channel on which they have an address."),
    ChannelPlan.FIRST_REACHABLE: _(
        "Each customer gets one message, on the first channel of the order below on which they "
        "have an address."
    ),
    ChannelPlan.ESCALATE: _(
        "One message first; the next channel follows after some minutes where nothing confirmed "
        "that it arrived."
    ),
}

CLASSES: Mapping[MessageClass, str] = {
    MessageClass.SERVICE: _("Service"),
    MessageClass.PROMOTIONAL: _("Promotional"),
    MessageClass.SAFETY: _("Safety"),
}

CLASS_HINTS: Mapping[MessageClass, str] = {
    MessageClass.SERVICE: _("Cuts, works and what concerns the contract; quiet hours apply."),
    MessageClass.PROMOTIONAL: _("Offers: only to those who agreed, within the caps."),
    MessageClass.SAFETY: _("Protects life and health: goes at any hour, also to who opted out."),
}

ONE_PER: Mapping[OnePer, str] = {
    OnePer.CUSTOMER: _("Every customer"),
    OnePer.ADDRESS: _("One customer for each address"),
    OnePer.HOUSEHOLD: _("One customer for each household"),
}

PARTS: Mapping[str, str] = {
    "sms/body.txt": _("SMS"),
    "push/title.txt": _("Title of the push message"),
    "push/body.txt": _("Text of the push message"),
    "email/subject.txt": _("Subject of the email"),
    "email/body.txt": _("Text of the email and of the page"),
    "web/page.html": _("Web page"),
}

#: What may be inserted into a wording, beside facts: by owner and name.
INSERTED: Mapping[str, str] = {
    "reader.name": _("Name of the customer"),
    "reader.number": _("Number of the customer"),
    "reader.unsubscribe_url": _("Link that ends messages"),
    "reader.page_url": _("Link to the public page"),
    "advisory.effective": _("Valid from"),
    "advisory.expires": _("Valid until"),
}

#: In which way a moment is inserted, where there are several.
INSERTED_AS: Mapping[str, str] = {
    "date": _("date"),
    "weekday_date": _("weekday and date"),
    "time": _("time"),
}

EVENTS: Mapping[Event, str] = {
    Event.HANDED: _("Handed over for approval"),
    Event.APPROVED: _("Approved"),
    Event.RETURNED: _("Given back"),
}

#: What people often get wrong, in their language; everything else is told in English.
TROUBLES: Mapping[str, str] = {
    "missing": _("This has to be filled in."),
    "taken": _("Another one has this name already. Take another name."),
    "number_name": _("A number is no name. Give it a word."),
    "passed": _("This time has passed, or is before the start. Give a later one."),
    "no_time": _("This is no date and time."),
    "late": _("The start is after the end of the validity. Give an earlier one."),
    "no_channel": _("Tick one channel at least."),
    "minutes": _("Give whole minutes, such as 30, and enough of them for the channels."),
    "one_channel": _("Escalating needs two channels or three."),
    "phone": _("This is no phone number. Write + and the digits, as +212612345678."),
    "language": _("This is missing in a language."),
    "number": _("This is no number, or out of range."),
    "long": _("This is too long."),
    "people": _("This is not the number that the forecast gives. Look at it again, then type it."),
    "own": _("You wrote some of this, so somebody else has to approve it."),
    "blocked": _("Something blocks it: see what must be mended below."),
    "meanwhile": _("It was changed meanwhile. Look at what it says now."),
}

#: How the inside says it, by a piece of its problem; the first that fits.
_SAID: tuple[tuple[str, str], ...] = (
    ("wrote some of", "own"),
    ("can not be launched", "blocked"),
    ("changed meanwhile", "meanwhile"),
    ("is taken", "taken"),
    ("reads like a number", "number_name"),
    ("has no text for", "language"),
    ("has no name for", "language"),
    ("is after the advisory has expired", "late"),
    ("has passed", "passed"),
    ("foretell", "passed"),
    ("is no time", "no_time"),
    ("is not a date", "no_time"),
    ("names none to send on", "no_channel"),
    ("name none to send on", "no_channel"),
    ("name one alone", "one_channel"),
    ("list of minutes", "minutes"),
    ("does not fit the channels", "minutes"),
    ("ends after the advisory", "minutes"),
    ("phone number", "phone"),
    ("E.164", "phone"),
    ("two different numbers", "phone"),
    ("is not a number", "number"),
    ("out of range", "number"),
    ("would be confirmed", "people"),
    ("is no whole number", "people"),
    ("characters", "long"),
)


def trouble(error: BroadcasterError) -> str:
    """Give what is to be told in the reader's language; empty where only English says it."""
    problem = error.problem if isinstance(error, InvalidInputError) else str(error)
    if problem.startswith(("is missing", "is empty")):
        return TROUBLES["missing"]
    return next((TROUBLES[code] for said, code in _SAID if said in problem), "")


class _Words:
    """The tables above, for templates."""

    STEPS, FIELDS, PARTS, EVENTS, TROUBLES = STEPS, FIELDS, PARTS, EVENTS, TROUBLES
    INSERTED, INSERTED_AS = INSERTED, INSERTED_AS
    PLANS, PLAN_HINTS, CLASSES, CLASS_HINTS, ONE_PER = (
        PLANS,
        PLAN_HINTS,
        CLASSES,
        CLASS_HINTS,
        ONE_PER,
    )


#: What every template of composing and approving is given.
SHARED: Mapping[str, object] = {
    "words": _Words,
    "trouble": trouble,
    "channel_labels": {one.value: text for one, text in CHANNELS.items()},
    "reason_labels": {one.value: text for one, text in REASONS.items()},
}
