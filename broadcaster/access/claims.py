"""What an identity provider says of somebody, and whether it is for us, now, and for this visit."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from broadcaster.errors import ForbiddenError

#: How far its clock may differ from ours, and how old what it says may be.
_DRIFT, _OLD = timedelta(minutes=1), timedelta(minutes=10)


class NotAskedError(ForbiddenError):
    """It was to ask who somebody is, and does not say that it did."""

    def __init__(self, why: str) -> None:
        """Say what was missing."""
        super().__init__(f"Confirming at the identity provider was refused: {why}.")


def require(claims: Mapping[str, Any], issuer: str, client: str, nonce: str, now: datetime) -> None:
    """Check that an ID token is for us, now and for this visit (OpenID Connect Core, 3.1.3.7)."""
    heard = claims.get("aud")
    audience = [heard] if isinstance(heard, str) else heard if isinstance(heard, list) else []
    ends, made = claims.get("exp"), claims.get("iat")
    at = now.timestamp()
    faults = {
        "it is another provider's": claims.get("iss") != issuer,
        "it is for somebody else": client not in audience,
        "it was asked for by somebody else": (
            claims.get("azp", client) != client or (len(audience) > 1 and "azp" not in claims)
        ),
        "it has ended": at > _seconds(ends) + _DRIFT.total_seconds(),
        "it is old": at > _seconds(made) + _OLD.total_seconds(),
        "it is of the future": _seconds(made) > at + _DRIFT.total_seconds(),
        "it is of another visit": claims.get("nonce") != nonce,
        "it says of nobody": not isinstance(claims.get("sub"), str) or not claims["sub"],
    }
    for fault, there in faults.items():
        if there:
            raise refused(f"the ID token does not fit: {fault}")


def require_asked(asked_at: datetime | None, begun: float) -> None:
    """Check that the provider asked somebody since a visit began, and says so."""
    if asked_at is None:
        raise NotAskedError("the provider does not say when it asked (auth_time)")
    if asked_at.timestamp() < begun - _DRIFT.total_seconds():
        raise NotAskedError("the provider did not ask again")


def moment(value: object) -> datetime | None:
    """Read a time, seconds since 1970; None where there is none."""
    good = isinstance(value, int) and 0 < value < 2**33
    return datetime.fromtimestamp(value, UTC) if good and isinstance(value, int) else None


def _seconds(value: object) -> float:
    """Read a time, seconds since 1970; long ago where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0.0
    return float(value)


def refused(why: str) -> ForbiddenError:
    """Make the error that says why somebody is not let in; the caller raises it."""
    return ForbiddenError(f"Signing in at the identity provider was refused: {why}.")
