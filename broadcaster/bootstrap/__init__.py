"""The only place that names concrete adapters and joins them."""

from broadcaster.bootstrap.accounts import Providers, signing_key
from broadcaster.bootstrap.approving import approve, launch
from broadcaster.bootstrap.archiving import archive
from broadcaster.bootstrap.clock import SystemClock
from broadcaster.bootstrap.comparing import comparison
from broadcaster.bootstrap.figures import listing, passing, report, require_launchable, summary
from broadcaster.bootstrap.following import FollowUp, follow, followed
from broadcaster.bootstrap.foreseeing import foresee
from broadcaster.bootstrap.runtime import Runtime
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
    "Runtime",
    "SystemClock",
    "approve",
    "archive",
    "attached",
    "broker_url",
    "campaign_sheet",
    "comparison",
    "ensure_schema",
    "follow",
    "followed",
    "foresee",
    "kind_checker",
    "launch",
    "listing",
    "passing",
    "preload",
    "renderer",
    "report",
    "require_launchable",
    "running",
    "sandbox_account",
    "servers",
    "sheet_writer",
    "sheets",
    "shipped",
    "signing_key",
    "speech",
    "summary",
    "upgrade",
]
