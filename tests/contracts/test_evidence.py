"""A campaign's evidence: its sums are the ledger's, its hashes hold, and nothing in it can act."""

import csv
import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from broadcaster import bootstrap
from broadcaster.bootstrap import collecting
from broadcaster.bootstrap.drafting import Form, draft
from broadcaster.domain.access import Role
from broadcaster.domain.campaign import Campaign
from broadcaster.reports.bundle import verify
from tests.commands import Run, run
from tests.desk_scene import DeskSite, serving_desk
from tests.evidence_scene import HOSTILE, told
from tests.rows import Rows

__all__ = ["run"]

Scene = tuple[DeskSite, Campaign]


@pytest.fixture
def scene(database_url: str, redis_url: str, home: Path) -> Iterator[Scene]:
    """Serve a campaign that told people; there is no browser to print with."""
    no_browser = {"BROWSER": str(home / "none")}
    with serving_desk(database_url, redis_url, home, no_browser) as site:
        yield site, told(site)


def test_the_evidence_of_a_campaign_is_the_ledgers_and_can_not_act(scene: Scene) -> None:
    """Whoever may see people gets the list, and is written down; a viewer gets the rest."""
    site, campaign = scene
    path = f"/campaigns/{campaign.id}/evidence"
    page = site.ask(f"{path}?people=yes&lang=en", Role.DUTY_OFFICER)
    assert page.status == 200
    # What operators and customers' files say is text, and nothing else.
    assert HOSTILE not in page.text
    assert "<script>" not in page.text.replace('<script type="module"', "")
    assert "&lt;img src=x onerror=alert(1)&gt;" in page.text
    assert "&lt;b&gt;Oasis" in page.text
    assert "C000004" in page.text
    rows = Rows(site.runtime.pool)
    seen = (
        "SELECT count(*) FROM audit WHERE action = 'evidence_list' AND actor = 'the duty_officer'"
    )
    assert rows.ask(seen) == [(3,)]

    viewer = site.ask(f"{path}?people=yes&lang=en", Role.VIEWER)
    assert viewer.status == 200
    assert "C000004" not in viewer.text
    seen = "SELECT FROM audit WHERE action = 'evidence_list' AND actor = 'the viewer'"
    assert rows.ask(seen) == []

    alone = site.ask(f"{path}/document.html?lang=ar", Role.VIEWER)
    assert alone.status == 200
    assert 'dir="rtl"' in alone.text
    policy = alone.headers["content-security-policy"]
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("sandbox")
    printed = site.ask(f"{path}/document.pdf?lang=fr", Role.VIEWER)
    assert printed.status == 503
    assert "BROADCASTER_BROWSER" in printed.text
    assert site.ask("/campaigns/999999999999/evidence", Role.VIEWER).status == 404
    assert site.post(f"{path}/archive", None, purpose="").status == 303


def test_an_archive_adds_up_with_the_ledger_and_says_who_has_it(
    scene: Scene, tmp_path: Path
) -> None:
    """Each file by its hash; the hash of the whole stands in the audit trail; formulas are text."""
    site, campaign = scene
    file = tmp_path / "evidence.zip"
    file.write_bytes(_archive(site, campaign, Role.APPROVER))
    sealed = verify(file)
    assert sealed.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    rows = Rows(site.runtime.pool)
    noted = rows.ask("SELECT actor, details ->> 'sha256' FROM audit WHERE action = 'evidence'")
    assert noted == [("the approver", sealed.sha256)]
    counted = rows.ask("SELECT count(*) FROM delivery")[0][0]
    with zipfile.ZipFile(file) as archive:
        known = json.loads(archive.read("dossier.json"))
        deliveries = list(csv.DictReader(io.StringIO(archive.read("deliveries.csv").decode())))
        people = list(csv.DictReader(io.StringIO(archive.read("unreached.csv").decode())))
    assert len(deliveries) == counted == known["figures"]["targeted"] == 24
    assert sum(row["messages"] for row in known["spread"]) == counted
    assert (
        known["figures"]["customers"] - known["figures"]["reached"] == known["figures"]["unreached"]
    )
    assert {row["customer"] for row in people} == {"C000004", "C000008", "C000012"}
    assert sum(row["customers"] for row in known["places"]["rows"]) == 12
    assert "'=C000001" in {row["customer"] for row in deliveries}
    assert known["approval"]["hash"] == campaign.approved_hash
    assert known["approval"]["given"][0]["by"] == "youssef"
    assert known["texts"]["as"] == "approved"
    channels = {(row["channel"], row["locale"]) for row in known["texts"]["rows"]}
    assert {("sms", "ar"), ("sms", "fr"), ("email", "ar"), ("web", "fr")} <= channels

    plain = tmp_path / "viewer.zip"
    plain.write_bytes(_archive(site, campaign, Role.VIEWER))
    with zipfile.ZipFile(plain) as archive:
        assert "unreached.csv" not in archive.namelist()
        assert "customer" not in archive.read("deliveries.csv").decode().partition("\n")[0]
        assert not any(b"C000004" in archive.read(name) for name in archive.namelist())


class _Busy:
    """A clock of a site in which something happens whenever somebody asks what time it is."""

    def __init__(self, rows: Rows, campaign: int, now: datetime) -> None:
        self._rows, self._campaign, self._now = rows, campaign, now
        self.asked = 0

    def now(self) -> datetime:
        """Have one more message delivered, one more place, one more answer and one more act."""
        self.asked += 1
        self._rows.tell(
            "UPDATE delivery SET status = 'delivered', reason = NULL, code = 'x' || number, "
            "provider = 'smtp' WHERE campaign_id = %s AND number = (SELECT max(number) "
            "FROM delivery WHERE campaign_id = %s AND status <> 'delivered')",
            self._campaign,
            self._campaign,
        )
        moved = "UPDATE customer SET attributes = attributes || %s::jsonb WHERE number = %s"
        self._rows.tell(moved, json.dumps({"district": f"D{self.asked}"}), f"C{self.asked:06d}")
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait for nothing."""
        raise AssertionError(seconds)


def test_evidence_adds_up_while_messages_leave_and_says_what_it_cuts(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every figure is of one moment: of the document, of its lists, and of every file."""
    site, campaign = scene
    rows = Rows(site.runtime.pool)
    monkeypatch.setattr(collecting, "_PLACES", 1)
    monkeypatch.setattr(collecting, "_CODES", 1)
    rows.tell("UPDATE delivery SET code = 'y' || number WHERE provider IS NOT NULL")
    busy = _Busy(rows, campaign.id, site.runtime.clock.now())
    site.runtime.clock = busy

    def meanwhile(known: object) -> str:
        busy.now()
        return str(known)[:1]

    file = tmp_path / "evidence.zip"
    before = rows.ask("SELECT count(*) FROM delivery WHERE status = 'delivered'")
    with file.open("w+b") as target:
        bootstrap.export_evidence(
            site.runtime,
            campaign,
            target,
            "amina",
            purpose="the regulator",
            people=True,
            documents={"evidence.html": meanwhile},
        )
    assert busy.asked > 1
    assert rows.ask("SELECT count(*) FROM delivery WHERE status = 'delivered'") != before
    known, tables = _read(file)
    _adds_up(known, tables)
    assert known["more"]["places"]["rows"] == len(tables["places.csv"]) - 1 > 0
    assert known["more"]["codes"]["rows"] == len(tables["answers.csv"]) - 1 > 0

    known, people = bootstrap.dossier_with_people(site.runtime, campaign)
    assert len(people) == known["figures"]["unreached"]
    page = site.ask(f"/campaigns/{campaign.id}/evidence?lang=en", Role.APPROVER).text
    assert "more places, which the archive names" in page
    assert "more answers, which the archive names" in page


def _read(file: Path) -> tuple[dict[str, Any], dict[str, list[dict[str, str]]]]:
    with zipfile.ZipFile(file) as archive:
        tables = {
            name: list(csv.DictReader(io.StringIO(archive.read(name).decode())))
            for name in archive.namelist()
            if name.endswith(".csv")
        }
        return json.loads(archive.read("dossier.json")), tables


def _adds_up(known: dict[str, Any], tables: dict[str, list[dict[str, str]]]) -> None:
    figures, more = known["figures"], known["more"]
    statuses = Counter[str]()
    for row in figures["channels"].values():
        statuses.update({name: count for name, count in row.items() if name != "units"})
    assert sum(statuses.values()) == figures["targeted"]
    assert Counter(row["status"] for row in tables["deliveries.csv"]) == +statuses
    spread = Counter[str]()
    for row in known["spread"]:
        spread[row["status"]] += row["messages"]
    assert spread == +statuses
    for name in ("customers", "reached"):
        shown = sum(row[name] for row in known["places"]["rows"]) + more["places"][name]
        assert shown == figures[name] == sum(int(row[name]) for row in tables["places.csv"])
    answered = sum(row["messages"] for row in known["networks"]["codes"])
    handed = sum(row["messages"] for row in known["networks"]["rows"])
    assert answered + more["codes"]["messages"] == handed
    assert sum(int(row["messages"]) for row in tables["answers.csv"]) == handed
    unreached = {row["customer"] for row in tables["unreached.csv"]}
    assert len(unreached) == figures["unreached"] == figures["customers"] - figures["reached"]


def test_evidence_keeps_the_texts_that_were_approved(scene: Scene) -> None:
    """A kind that changes afterwards changes nothing of what was told."""
    site, campaign = scene
    rows = Rows(site.runtime.pool)
    kept = site.runtime.versions.of(campaign.id)
    assert [one.content_hash for one in kept] == [campaign.approved_hash]
    rows.tell("UPDATE campaign SET approved_hash = 'another' WHERE id = %s", campaign.id)
    page = site.ask(f"/campaigns/{campaign.id}/evidence?lang=en", Role.VIEWER)
    assert "have changed since the approval" in page.text
    assert "As they were kept at the approval" in page.text


def test_evidence_begins_with_the_draft_and_outlives_the_deliveries(scene: Scene) -> None:
    """Nothing has happened to a draft; of an archived campaign the kept figures are told."""
    site, campaign = scene
    runtime = site.runtime
    written = Form(name="later", kind="remote_services", segment="everybody", by="amina")
    later = draft(runtime, written)
    page = site.ask(f"/campaigns/{later}/evidence?lang=en&people=yes", Role.APPROVER)
    assert page.status == 200
    assert "Nobody has approved it yet" in page.text
    rows = Rows(runtime.pool)
    figures = json.dumps(runtime.reports.summary(campaign.id))
    keep = (
        "UPDATE campaign SET figures = %s, archived_at = now(), status = 'completed', "
        """archive = '{"file": "old.csv.gz", "sha256": "abc"}' WHERE id = %s"""
    )
    rows.tell(keep, figures, campaign.id)
    rows.tell("DELETE FROM delivery WHERE campaign_id = %s", campaign.id)
    gone = site.ask(f"/campaigns/{campaign.id}/evidence?lang=en&people=yes", Role.APPROVER)
    assert gone.status == 200
    with zipfile.ZipFile(io.BytesIO(_archive(site, campaign, Role.APPROVER))) as archive:
        assert "deliveries.csv" not in archive.namelist()
        known = json.loads(archive.read("dossier.json"))
    assert known["figures"]["archive"]["sha256"] == "abc"
    assert known["figures"]["customers"] == 12


def test_evidence_is_written_and_verified_by_command(
    scene: Scene, run: Run, tmp_path: Path
) -> None:
    """Without a browser and by whoever has the file; another SHA-256 is not believed."""
    site, campaign = scene
    words = ("campaigns", "evidence", str(campaign.id), "--output", str(tmp_path), "--by", "amina")
    said = run(*words, "--format", "html,zip", "--language", "fr", "--json")
    assert said.code == 0, said.err
    page, archive = json.loads(said.out)
    assert "Dossier de preuve" in Path(page["file"]).read_text("utf-8")
    assert run("evidence", "verify", archive["file"], "--sha256", archive["sha256"]).code == 0
    other = run("evidence", "verify", archive["file"], "--sha256", page["sha256"])
    assert other.code == 2
    assert "not the archive" in other.err
    assert run(*words, "--format", "doc").code == 2
    assert "--language" in run(*words, "--language", "xx").err
    del site


def _archive(site: DeskSite, campaign: Campaign, role: Role) -> bytes:
    """Post the form, and give the octets of what comes."""
    body = urlencode({"csrf": site.desk.csrf(site.token(role)), "purpose": "the regulator"})
    head = {
        "Cookie": f"broadcaster={site.token(role)}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = HTTPConnection("127.0.0.1", site.port, timeout=30)
    try:
        connection.request("POST", f"/campaigns/{campaign.id}/evidence/archive", body, head)
        response = connection.getresponse()
        content = response.read()
        assert response.status == 200
        assert response.getheader("Content-Type") == "application/zip"
        return content
    finally:
        connection.close()
