"""The areas that are about who is let in."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.web.access.account import Account
from broadcaster.web.access.audit import Audit
from broadcaster.web.access.door import Door
from broadcaster.web.access.factors import Factors
from broadcaster.web.access.inviting import Inviting
from broadcaster.web.access.operators import OperatorPages
from broadcaster.web.access.passkeys import PasskeyCalls
from broadcaster.web.access.provider import ProviderPages
from broadcaster.web.access.signing_in import SigningIn
from broadcaster.web.console.desk import Area, Desk


def access_rooms(runtime: Runtime, desk: Desk) -> Sequence[Area]:
    """Make them all."""
    settings, clock = runtime.settings, runtime.clock
    door = Door(desk, bootstrap.signing_key(settings), settings.proxies)
    provider = settings.oidc.label if settings.oidc else ""
    return (
        SigningIn(
            desk, door, runtime.entrance, runtime.sessions, runtime.operators, clock, provider
        ),
        Inviting(desk, door, runtime.entrance, runtime.sessions, clock),
        PasskeyCalls(runtime, desk, door),
        ProviderPages(runtime, desk, door),
        Account(runtime, desk),
        Factors(runtime, desk),
        OperatorPages(runtime, desk),
        Audit(desk, runtime.audit_trail, ZoneInfo(settings.time_zone)),
    )
