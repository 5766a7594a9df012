"""A campaign that the system put on hold says what to do, wherever it says why."""

from broadcaster.domain import held
from broadcaster.domain.access import Role
from tests.api_scene import ApiSite, api, campaigns
from tests.commands import Run, run

__all__ = ["api", "run"]


def test_what_was_not_approved_is_told_with_its_remedy(api: ApiSite, run: Run) -> None:
    """By the command, on the console's pages and by the API; a person's reason stands alone."""
    campaigns(api)
    kept = api.desk.runtime.campaigns
    kept.hold(3, held.unlike())
    remedy = str(held.remedy(held.unlike()))
    status = api.json("/campaigns/3/status")
    assert (status["hold_reason"], status["hold_remedy"]) == (held.unlike(), remedy)
    said = " ".join(run("campaigns", "status", "3").out.split())
    assert f"on hold: {held.unlike()}" in said
    assert remedy in said
    assert remedy in api.desk.ask("/campaigns/3?lang=en", Role.VIEWER).text
    assert "modèles approuvés" in api.desk.ask("/campaigns/3?lang=fr", Role.VIEWER).text
    with api.desk.runtime.pool.connection() as connection:
        connection.execute("UPDATE campaign SET hold_reason = 'we wait' WHERE id = 3")
    assert api.json("/campaigns/3/status")["hold_remedy"] is None
