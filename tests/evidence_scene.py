"""A campaign that told people, of a hostile name, in a site of its own."""

from dataclasses import replace

from broadcaster import bootstrap
from broadcaster.bootstrap.drafting import Form, draft
from broadcaster.domain.campaign import Campaign
from tests.builders import NOON, customer
from tests.desk_scene import DeskSite
from tests.rows import Rows

HOSTILE = "<img src=x onerror=alert(1)>"
SENDER = "<script>x"


def told(site: DeskSite, count: int = 12, name: str = HOSTILE) -> Campaign:
    """Make a campaign by SMS and mail, plan it, and let some messages arrive and others fail."""
    runtime = site.runtime
    rows = Rows(runtime.pool)
    rows.save(
        replace(
            customer(number),
            number=f"=C{number:06d}" if number == 1 else f"C{number:06d}",
            locales=("ar",) if number % 2 else ("fr",),
            attributes={"district": "Anfa" if number % 3 else "<b>Oasis"},
        )
        for number in range(1, count + 1)
    )
    runtime.segments.save("everybody", "all")
    form = Form(
        name=name,
        kind="remote_services",
        segment="everybody",
        by="amina",
        channels="sms,email",
        facts={"sender": {"ar": f"م{SENDER[:8]}", "und": SENDER}},
        drill=True,
    )
    campaign = runtime.campaigns.get(str(draft(runtime, form)))
    bootstrap.approve(runtime, campaign, "youssef")
    bootstrap.launch(runtime, runtime.campaigns.get(str(campaign.id)), "youssef")
    runtime.planner.plan(campaign.id, NOON)
    settle = (
        "UPDATE delivery SET updated_at = %s, provider = 'twilio', attempts = 1, units = 1, "
        "status = (CASE WHEN number %% 4 = 0 THEN 'undelivered' WHEN number %% 4 = 1 "
        "THEN 'accepted' ELSE 'delivered' END)::delivery_status, "
        "reason = (CASE WHEN number %% 4 = 0 THEN 'unreachable' END)::reason, "
        "code = CASE WHEN number %% 4 = 0 THEN '30003' END "
        "WHERE campaign_id = %s AND status = 'planned' AND channel = 'sms'"
    )
    rows.tell(settle, NOON, campaign.id)
    return runtime.campaigns.get(str(campaign.id))
