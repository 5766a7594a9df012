"""What the inside needs of the outside: Protocols and the values that cross them."""

from broadcaster.ports.audience import (
    Audience,
    CheckPhone,
    Condition,
    Note,
)
from broadcaster.ports.clock import (
    Clock,
)
from broadcaster.ports.keeping import (
    PLANNING,
    PLANNING_LANES,
    PLANNING_STAGE,
    Lease,
    Ledger,
    NewCampaign,
    Open,
    Pending,
    Recorded,
    Selection,
)
from broadcaster.ports.rendering import (
    Reader,
    Renderer,
)
from broadcaster.ports.sending import (
    Callback,
    Composer,
    Context,
    Findable,
    Mail,
    MailHeaders,
    MailSigner,
    Message,
    Provider,
    Question,
    Receives,
    Streams,
    Submission,
    Watch,
)
from broadcaster.ports.throttling import (
    Change,
    Grant,
    Standing,
    Throttle,
    Want,
)

__all__ = [
    "PLANNING",
    "PLANNING_LANES",
    "PLANNING_STAGE",
    "Audience",
    "Callback",
    "Change",
    "CheckPhone",
    "Clock",
    "Composer",
    "Condition",
    "Context",
    "Findable",
    "Grant",
    "Lease",
    "Ledger",
    "Mail",
    "MailHeaders",
    "MailSigner",
    "Message",
    "NewCampaign",
    "Note",
    "Open",
    "Pending",
    "Provider",
    "Question",
    "Reader",
    "Receives",
    "Recorded",
    "Renderer",
    "Selection",
    "Standing",
    "Streams",
    "Submission",
    "Throttle",
    "Want",
    "Watch",
]
