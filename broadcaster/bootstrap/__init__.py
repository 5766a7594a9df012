"""The only place that names concrete adapters and joins them."""

from broadcaster.bootstrap.accounts import Providers, signing_key
from broadcaster.bootstrap.approving import approve, launch
from broadcaster.bootstrap.archiving import archive
from broadcaster.bootstrap.checking import concerns, examined, nothing_new, require_launchable
from broadcaster.bootstrap.clock import SystemClock
from broadcaster.bootstrap.comparing import comparison
from broadcaster.bootstrap.figures import listing, passing, report, summary
from broadcaster.bootstrap.following import FollowUp, follow, followed
from broadcaster.bootstrap.foreseeing import foresee
from broadcaster.bootstrap.handing import give_back, hand_over, reads
from broadcaster.bootstrap.holding import hold, scope
from broadcaster.bootstrap.own_kinds import add_kind, remove_kind
from broadcaster.bootstrap.readiness import readiness
from broadcaster.bootstrap.redrafting import form_of, redraft
from broadcaster.bootstrap.rewording import Reworded, own_text, refill, reword
from broadcaster.bootstrap.runtime import Runtime
from broadcaster.bootstrap.runtime_publishing import PublicAlone, examine_publication
from broadcaster.bootstrap.servers import (
    attached,
    broker_url,
    ensure_schema,
    preload,
    running,
    servers,
    upgrade,
)
from broadcaster.bootstrap.texts import (
    campaign_sheet,
    kind_checker,
    renderer,
    sandbox_account,
    sheet_writer,
    sheets,
    shipped,
    speech,
)

__all__ = [
    "FollowUp",
    "Providers",
    "PublicAlone",
    "Reworded",
    "Runtime",
    "SystemClock",
    "add_kind",
    "approve",
    "archive",
    "attached",
    "broker_url",
    "campaign_sheet",
    "comparison",
    "concerns",
    "ensure_schema",
    "examine_publication",
    "examined",
    "follow",
    "followed",
    "foresee",
    "form_of",
    "give_back",
    "hand_over",
    "hold",
    "kind_checker",
    "launch",
    "listing",
    "nothing_new",
    "own_text",
    "passing",
    "preload",
    "readiness",
    "reads",
    "redraft",
    "refill",
    "remove_kind",
    "renderer",
    "report",
    "require_launchable",
    "reword",
    "running",
    "sandbox_account",
    "scope",
    "servers",
    "sheet_writer",
    "sheets",
    "shipped",
    "signing_key",
    "speech",
    "summary",
    "upgrade",
]
