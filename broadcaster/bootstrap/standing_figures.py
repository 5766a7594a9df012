"""How somebody's consent stands, as JSON values; without the address itself."""

from typing import TYPE_CHECKING

from broadcaster.domain.consent import ConsentRecord, Verdict

if TYPE_CHECKING:
    from broadcaster.ledger.consents import Standing
    from broadcaster.reports.basis import DeliveryBasis


def figures(one: "Standing") -> dict[str, object]:
    """Give how an address, or a customer without one, stands class by class, and the history."""
    return {
        "channel": one.channel.value,
        "address": one.address,
        "shown": one.shown,
        "classes": {
            class_.value: {
                **_verdict(verdict),
                "reason": verdict.reason.value if verdict.reason else None,
            }
            for class_, verdict in one.verdicts.items()
        },
        "history": [_plain(record) for record in one.records],
    }


def basis_figures(found: "DeliveryBasis") -> dict[str, object]:
    """Give on what basis a delivery was sent or left out."""
    return {
        "delivery": str(found.delivery),
        "channel": found.channel.value,
        "class": found.message_class.value,
        "status": found.status.value,
        "reason": found.reason.value if found.reason else None,
        "moment": found.moment.isoformat() if found.moment else None,
        "evidence": found.text,
        **_verdict(found.verdict),
        "history": [_plain(record) for record in found.records],
    }


def _verdict(verdict: Verdict) -> dict[str, object]:
    return {
        "allowed": verdict.allowed,
        "basis": verdict.basis.value,
        "records": [record.id for record in verdict.records],
        "passed": [record.id for record in verdict.passed],
    }


def _plain(one: ConsentRecord) -> dict[str, object]:
    return {
        "record": one.id,
        "about": "customer" if one.customer is not None else "address",
        "ground": one.ground.value,
        "classes": [class_.value for class_ in one.classes],
        "granted": one.granted,
        "source": one.source.value,
        "at": one.at.isoformat(),
        "by": one.by,
        "proof": one.proof,
    }
