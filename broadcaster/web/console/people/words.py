"""What the pages about people call things; the texts are translated where they are shown.

`_` only marks a text for the catalogue.
"""

from collections.abc import Mapping

from broadcaster.audience.areas.version import Sort
from broadcaster.audience.attributes import Kind
from broadcaster.audience.expression import Amount, Operator, Outcome, Place
from broadcaster.bootstrap.courses import Stage
from broadcaster.domain.consent import Basis, Ground, Scope, Source
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import MessageClass, Scheme


def _(text: str) -> str:
    return text


CLASSES: Mapping[MessageClass, str] = {
    MessageClass.SERVICE: _("Service"),
    MessageClass.PROMOTIONAL: _("Advertising"),
    MessageClass.SAFETY: _("Safety"),
}

#: Why somebody looks at a person's data; the word is what the audit trail has.
PURPOSES: Mapping[str, str] = {
    "asked": _("The customer asked us"),
    "complaint": _("A complaint"),
    "delivery": _("To see why a message did not arrive"),
    "consent": _("To change what they want to receive"),
    "data": _("To mend wrong data"),
    "request": _("A request for access or erasure"),
    "campaign": _("To prepare a campaign"),
}

SCHEMES: Mapping[Scheme, str] = {
    Scheme.TEL: _("Telephone"),
    Scheme.MAILTO: _("Email"),
    Scheme.WEBPUSH: _("Browser"),
    Scheme.FCM: _("App"),
}

STATUSES: Mapping[DeliveryStatus, str] = {
    DeliveryStatus.PLANNED: _("Waiting"),
    DeliveryStatus.SUPPRESSED: _("Left out"),
    DeliveryStatus.SUBMITTING: _("Leaving now"),
    DeliveryStatus.DEFERRED: _("Put off"),
    DeliveryStatus.ACCEPTED: _("Accepted"),
    DeliveryStatus.UNKNOWN: _("In doubt"),
    DeliveryStatus.DELIVERED: _("Delivered"),
    DeliveryStatus.UNDELIVERED: _("Not delivered"),
    DeliveryStatus.REJECTED: _("Refused"),
    DeliveryStatus.EXPIRED: _("Expired"),
    DeliveryStatus.CANCELLED: _("Cancelled"),
    DeliveryStatus.DEAD: _("Given up"),
}

GROUNDS: Mapping[Ground, str] = {
    Ground.WISH: _("Own wish"),
    Ground.CARRIER: _("Told the carrier to stop"),
    Ground.ORDER: _("Order of a court or authority"),
    Ground.FITNESS: _("Messages can’t arrive there"),
}

SOURCES: Mapping[Source, str] = {
    Source.IMPORT: _("A file of customers"),
    Source.MADE: _("Made up"),
    Source.LIST: _("A list of addresses"),
    Source.PAGE: _("The customer’s page"),
    Source.ONE_CLICK: _("The link in a message"),
    Source.OPERATOR: _("Somebody of the team"),
    Source.COMPLAINT: _("A message marked as unwanted"),
    Source.STOP: _("STOP to the carrier"),
    Source.ORDER: _("A court or an authority"),
    Source.REGULATOR: _("The regulator"),
    Source.BOUNCE: _("No such mailbox or device"),
    Source.GONE: _("The subscription has ended"),
    Source.EARLIER: _("Known from before"),
}

SCOPES: Mapping[Scope, str] = {
    Scope.PROMOTIONAL: _("Advertising"),
    Scope.SERVICE: _("Service messages, and advertising where it is refused"),
    Scope.EVERYTHING: _("Everything, warnings that protect life too"),
}

BASES: Mapping[Basis, str] = {
    Basis.CONTRACT: _("comes with the contract"),
    Basis.PROTECTS_LIFE: _("protects life"),
    Basis.CONSENT: _("agreed"),
    Basis.NO_CONSENT: _("never agreed"),
    Basis.REFUSED: _("refused"),
}

KINDS: Mapping[Kind, str] = {
    Kind.TEXT: _("Text"),
    Kind.NUMBER: _("Number"),
    Kind.DATE: _("Date"),
    Kind.CHOICE: _("One of some choices"),
    Kind.SET: _("Any of some choices"),
    Kind.BOOLEAN: _("Yes or no"),
    Kind.LOCATION: _("Place"),
}

SORTS: Mapping[Sort, str] = {
    Sort.POLYGON: _("Outline"),
    Sort.CIRCLE: _("Circle"),
    Sort.LIST: _("List"),
}

DAYS: Mapping[str, str] = {
    "mon": _("Monday"),
    "tue": _("Tuesday"),
    "wed": _("Wednesday"),
    "thu": _("Thursday"),
    "fri": _("Friday"),
    "sat": _("Saturday"),
    "sun": _("Sunday"),
    "holiday": _("Holidays"),
}

#: What a form asks of an attribute, by its kind; how a condition of the form is called.
OPERATORS: Mapping[str, str] = {
    f"compare {Operator.EQUAL}": _("is"),
    f"compare {Operator.DIFFERENT}": _("is known and is not"),
    "one_of": _("is one of"),
    f"text {Place.START}": _("begins with"),
    f"text {Place.ANYWHERE}": _("contains"),
    f"text {Place.END}": _("ends with"),
    "has": _("includes"),
    f"has_of {Amount.ANY}": _("includes any of"),
    f"has_of {Amount.ALL}": _("includes all of"),
    "area": _("is in the area"),
    "near": _("is near a point"),
    "present": _("is known"),
    "missing": _("is not known"),
}
#: The same signs, as they are said of numbers, of dates and of texts.
ORDERS: Mapping[str, Mapping[str, str]] = {
    "number": {
        f"compare {Operator.LESS}": _("is less than"),
        f"compare {Operator.AT_MOST}": _("is at most"),
        f"compare {Operator.MORE}": _("is more than"),
        f"compare {Operator.AT_LEAST}": _("is at least"),
    },
    "date": {
        f"compare {Operator.LESS}": _("is before"),
        f"compare {Operator.AT_MOST}": _("is on or before"),
        f"compare {Operator.MORE}": _("is after"),
        f"compare {Operator.AT_LEAST}": _("is on or after"),
    },
    "text": {
        f"compare {Operator.LESS}": _("sorts before"),
        f"compare {Operator.AT_MOST}": _("is or sorts before"),
        f"compare {Operator.MORE}": _("sorts after"),
        f"compare {Operator.AT_LEAST}": _("is or sorts after"),
    },
}

#: Conditions that ask for no attribute.
OTHERS: Mapping[str, str] = {
    "area": _("Is in the area"),
    "near": _("Is near a point"),
    "segment": _("Is in the segment"),
    "campaign": _("What became of a campaign"),
    "may_receive": _("May receive"),
    "opted_out": _("Has refused"),
    "all": _("Everybody"),
}

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.TARGETED: _("it was meant for them"),
    Outcome.RECEIVED: _("a message arrived"),
    Outcome.UNCONFIRMED: _("none is known to have arrived"),
    Outcome.FAILED: _("one failed, and none arrived"),
}

UNITS: Mapping[str, str] = {
    "day": _("days"),
    "week": _("weeks"),
    "month": _("months"),
    "year": _("years"),
}

#: What the builder's own buttons and fields say.
BUILDER: Mapping[str, str] = {
    "and": _("All of these are so"),
    "or": _("Any of these is so"),
    "not": _("Not"),
    "group": _("Conditions"),
    "condition": _("Condition"),
    "add": _("Add a condition"),
    "add_group": _("Add a group"),
    "remove": _("Remove"),
    "what": _("What"),
    "how": _("How"),
    "value": _("Value"),
    "values": _("Values, one in each line"),
    "attributes": _("Attributes"),
    "others": _("Other conditions"),
    "yes": _("yes"),
    "no": _("no"),
    "day": _("this day"),
    "before": _("before today"),
    "after": _("after today"),
    "today": _("today"),
    "date": _("Day"),
    "count": _("How many"),
    "unit": _("Unit"),
    "metres": _("Metres"),
    "latitude": _("Latitude"),
    "longitude": _("Longitude"),
    "class": _("Class"),
    "channel": _("Channel"),
    "campaign": _("Campaign"),
    "choose": _("Choose …"),
}

#: How far an import is.
STAGES: Mapping[Stage, str] = {
    Stage.CHECKING: _("being checked"),
    Stage.CHECKED: _("checked, not stored yet"),
    Stage.STORING: _("being stored"),
    Stage.DONE: _("stored"),
    Stage.FAILED: _("can’t be stored"),
    Stage.ENDED: _("ended before it was done"),
    Stage.HALF: _("ended half way"),
    Stage.FORGOTTEN: _("ended half way, and forgotten"),
}

#: What runs an import.
WAYS_OF_IMPORTS: Mapping[str, str] = {
    "api": _("the API"),
    "console": _("the console"),
    "command": _("the command line"),
}

#: What became of a value of a file.
OUTCOMES_OF_IMPORTS: Mapping[str, str] = {
    "refused": _("the row is refused"),
    "stored without it": _("stored without it"),
    "repaired": _("repaired"),
    "noted": _("noted"),
}

FILE_ENCODINGS = ("auto", "utf-8", "utf-16", "cp1252", "cp1256")
