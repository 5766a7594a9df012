"""The only place that names concrete adapters and joins them."""

from broadcaster.bootstrap.accounts import Providers, signing_key
from broadcaster.bootstrap.approving import approve, launch
from broadcaster.bootstrap.archiving import archive
from broadcaster.bootstrap.checking import concerns, examined, nothing_new, require_launchable
from broadcaster.bootstrap.clock import SystemClock
from broadcaster.bootstrap.collecting import thread
from broadcaster.bootstrap.comparing import comparison
from broadcaster.bootstrap.evidence import dossier, dossier_with_people, export_evidence
from broadcaster.bootstrap.figures import listing, passing, report, summary
from broadcaster.bootstrap.following import FollowUp, follow, followed
from broadcaster.bootstrap.foreseeing import foresee
from broadcaster.bootstrap.handing import give_back, hand_over, reads
from broadcaster.bootstrap.holding import hold, scope
from broadcaster.bootstrap.own_kinds import add_kind, is_own, remove_kind
from broadcaster.bootstrap.own_texts import (
    Placed,
    approve_texts,
    catalogue_text,
    own_locales,
    place_catalogue,
)
from broadcaster.bootstrap.readiness import readiness
from broadcaster.bootstrap.redis_places import broker
from broadcaster.bootstrap.redrafting import form_of, redraft
from broadcaster.bootstrap.rewording import Reworded, own_text, refill, reword
from broadcaster.bootstrap.runtime import Runtime
from broadcaster.bootstrap.runtime_publishing import PublicAlone, examine_publication
from broadcaster.bootstrap.servers import (
    attached,
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
    "Placed",
    "Providers",
    "PublicAlone",
    "Reworded",
    "Runtime",
    "SystemClock",
    "add_kind",
    "approve",
    "approve_texts",
    "archive",
    "attached",
    "broker",
    "campaign_sheet",
    "catalogue_text",
    "comparison",
    "concerns",
    "dossier",
    "dossier_with_people",
    "ensure_schema",
    "examine_publication",
    "examined",
    "export_evidence",
    "follow",
    "followed",
    "foresee",
    "form_of",
    "give_back",
    "hand_over",
    "hold",
    "is_own",
    "kind_checker",
    "launch",
    "listing",
    "nothing_new",
    "own_locales",
    "own_text",
    "passing",
    "place_catalogue",
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
    "thread",
    "upgrade",
]
