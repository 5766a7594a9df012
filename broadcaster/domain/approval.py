"""What an approval pins; pure."""

import hashlib
import json

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.fairness import OnePer


def content_hash(campaign: Campaign, advisory: Advisory, fingerprint: str) -> str:
    """Hash everything that decides who is told what, and how.

    `fingerprint` hashes the kind's templates, facts and catalogues. Whatever changes the hash
    needs a new approval (invariant 7).
    """
    pinned: dict[str, object] = {
        "fingerprint": fingerprint,
        "kind": advisory.kind,
        "facts": advisory.facts,
        "class": advisory.message_class,
        "severity": advisory.severity,
        "urgency": advisory.urgency,
        "certainty": advisory.certainty,
        "effective": advisory.effective.timestamp(),
        "expires": advisory.expires.timestamp(),
        "expression": campaign.expression,
        "channels": sorted(campaign.channels),
        "plan": campaign.channel_plan,
        "lane": campaign.lane,
        "drill": campaign.drill,
    }
    if campaign.channel_plan.one_each:
        pinned |= {
            "order": list(campaign.channels),
            "escalate_after": list(campaign.escalate_after),
        }
    if campaign.one_per is not OnePer.CUSTOMER:
        pinned["one_per"] = campaign.one_per
    if advisory.follows is not None:
        pinned |= {
            "message_type": advisory.message_type,
            "thread": advisory.first,
            "follows": advisory.follows,
        }
    if advisory.wording:
        pinned["wording"] = dict(advisory.wording)
    canonical = json.dumps(pinned, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
