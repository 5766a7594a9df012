"""A campaign's evidence: its sums are the ledger's, its hashes hold, and nothing in it can act."""

import pytest

from broadcaster.domain.access import Role
from tests.desk_scene import DeskSite, site
from tests.evidence_scene import told

__all__ = ["site"]


def test_tmp_look(site: DeskSite) -> None:
    campaign = told(site)
    answer = site.ask(f"/campaigns/{campaign.id}/evidence?people=yes&lang=en", Role.DUTY_OFFICER)
    print(answer.status)
    open("/tmp/ev.html", "w").write(answer.text)
    assert answer.status == 200
