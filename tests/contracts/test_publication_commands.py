"""`broadcaster publish`, and serving from its folder alone."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.bootstrap import Runtime
from broadcaster.domain.advisory import Certainty, Severity, Urgency
from broadcaster.domain.message import Channel, Lane, MessageClass
from broadcaster.ports import NewCampaign
from broadcaster.settings import load
from tests.commands import Run, run
from tests.public_scene import shipped_renderer
from tests.rows import Rows

__all__ = ["run"]


@pytest.fixture
def rows(database_url: str, home: Path) -> Iterator[Rows]:
    """Give a launched campaign of our own time, as it was approved, and ways to look."""
    settings = load({"BROADCASTER_HOME": str(home)})
    runtime = Runtime(settings, database_url, "redis://127.0.0.1:1/0")
    runtime.use(shipped_renderer())
    try:
        rows, now = Rows(runtime.pool), runtime.clock.now()
        facts = shipped_renderer().kinds["remote_services"].sample()
        new = NewCampaign(
            name="notice",
            kind="remote_services",
            facts=facts,
            message_class=MessageClass.SERVICE,
            severity=Severity.MINOR,
            urgency=Urgency.EXPECTED,
            certainty=Certainty.OBSERVED,
            effective=now,
            expires=now + timedelta(days=2),
            segment="everybody",
            expression="all",
            channels=(Channel.SMS,),
            lane=Lane.ROUTINE,
            drill=False,
            scheduled_at=None,
            created_by="amina",
        )
        campaign = rows.campaigns.create(new, now)
        found = rows.campaigns.get("notice")
        pinned = runtime.hash(found, runtime.ledger.advisory(found.advisory_id))
        rows.campaigns.approve(campaign, pinned, "youssef", now)
        rows.campaigns.launch(campaign, "amina", now)
        yield rows
    finally:
        runtime.close()


def test_the_site_is_published_checked_and_copied(
    rows: Rows, run: Run, home: Path, tmp_path: Path
) -> None:
    """What is behind, differs or has a fault is said with exit code 1; twice is as good as once."""
    code, out, _ = run("publish", "--check", "--json")
    assert (code, json.loads(out)["behind"]) == (1, True)
    code, out, _ = run("publish", "--json")
    assert (code, json.loads(out)["faults"]) == (0, {})
    assert run("publish", "--check") == (0, "1 publications.\n", "")
    page = home / "publication/site/advisories/1/fr/index.html"
    page.write_text("damaged", encoding="utf-8")
    code, out, _ = run("publish", "--check")
    assert code == 1
    assert "advisories/1/fr/index.html" in out
    code, out, _ = run("publish")
    assert (code, "1 files written" in out) == (0, True)
    bucket = tmp_path / "bucket"
    assert run("publish", "--to", str(bucket)).code == 0
    code, out, _ = run("publish", "--to", str(bucket), "--json")
    assert (code, json.loads(out)["written"]) == (0, 0)
    assert (bucket / "advisories/1/fr/index.html").read_bytes() == page.read_bytes()
    rows.tell("UPDATE publication SET frozen = NULL, cap = NULL, fault = 'because'")
    code, _, err = run("publish")
    assert (code, err) == (1, "Advisory 1 could not be published: because\n")
    assert run("publish", "--again").code == 0
    assert "<bdi" in page.read_text("utf-8")


def test_the_folder_is_served_with_nothing_else(rows: Rows, run: Run, home: Path) -> None:
    """By a process that has no database and no Redis; it ends well when it is told to."""
    del rows
    assert run("publish").code == 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    environment = {
        **{name: value for name, value in os.environ.items() if "BROADCASTER" not in name},
        "BROADCASTER_HOME": str(home),
        "BROADCASTER_WEB_PORT": str(port),
        "BROADCASTER_PUBLIC_URL": "http://127.0.0.1:8400",
        "BROADCASTER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    }
    command = [sys.executable, "-m", "broadcaster", "web", "--public"]
    with subprocess.Popen(command, env=environment) as child:  # noqa: S603  (our own command)
        try:
            status, text = _asked(port, "/advisories/1/fr")
            assert (status, "contact@lydec.co.ma" in text) == (200, True)
            assert _asked(port, "/advisories/2/fr")[0] == 404
            assert _asked(port, "/campaigns/1")[0] == 404
        finally:
            child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 0


def _asked(port: int, path: str) -> tuple[int, str]:
    deadline = time.monotonic() + 20
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            with connection.getresponse() as response:
                return response.status, response.read().decode()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        finally:
            connection.close()
