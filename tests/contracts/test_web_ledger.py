"""The web over a real database: what is answered is what was committed."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.domain.delivery import DeliveryId, DeliveryStatus
from broadcaster.domain.tokens import sign
from broadcaster.settings import load
from tests.fakes import FakeClock
from tests.rows import Rows
from tests.sandboxes import until
from tests.web_scene import Site, serving

ACCOUNT, TOKEN = f"AC{'0' * 31}1", "12345"


@pytest.fixture
def runtime(database_url: str, redis_url: str, tmp_path: object) -> Iterator[Runtime]:
    """Give the product's own adapters on this test's servers."""
    settings = load(
        {
            "BROADCASTER_HOME": str(tmp_path),
            "BROADCASTER_PUBLIC_URL": "https://avis.example.test",
            "BROADCASTER_TWILIO_ACCOUNT_SID": ACCOUNT,
            "BROADCASTER_TWILIO_AUTH_TOKEN": TOKEN,
            "BROADCASTER_TWILIO_SENDER": "LYDEC",
        }
    )
    runtime = Runtime(settings, database_url, redis_url)
    runtime.clock = FakeClock()
    try:
        yield runtime
    finally:
        runtime.close()


@pytest.fixture
def rows(runtime: Runtime) -> Rows:
    """Give short ways to look at the database."""
    return Rows(runtime.pool)


@pytest.fixture
def site(runtime: Runtime) -> Iterator[Site]:
    """Serve it."""
    with serving(runtime) as site:
        yield site


def _status(site: Site, delivery: DeliveryId, status: str, token: str = TOKEN) -> int:
    """Call back as Twilio does; a blank parameter is part of what it signs."""
    url = f"https://avis.example.test/callbacks/twilio/{delivery}"
    values = {
        "AccountSid": ACCOUNT,
        "ErrorCode": "",
        "MessageSid": f"SM{'0' * 31}1",
        "MessageStatus": status,
    }
    signed = url + "".join(f"{name}{values[name]}" for name in sorted(values))
    digest = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    headers = {
        "X-Twilio-Signature": base64.b64encode(digest).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    path = f"/callbacks/twilio/{delivery}"
    return site.post(path, urlencode(values).encode(), headers).status


def test_a_signed_callback_ends_in_the_ledger(runtime: Runtime, rows: Rows, site: Site) -> None:
    """Twice or forged makes no difference; applying it is another step."""
    campaign = rows.running(1)
    rows.claimed(campaign, [1])
    delivery = DeliveryId(campaign, 1)
    assert _status(site, delivery, "delivered", "wrong") == 403
    assert rows.ask("SELECT count(*) FROM receipt") == [(0,)]
    assert _status(site, delivery, "delivered") == 204
    assert _status(site, delivery, "delivered") == 204
    assert rows.ask("SELECT count(*) FROM receipt") == [(1,)]
    runtime.ledger.apply_receipts(runtime.clock.now(), 10)
    assert rows.statuses(campaign) == [DeliveryStatus.DELIVERED]


def test_a_confirmation_ends_in_the_ledger(runtime: Runtime, rows: Rows, site: Site) -> None:
    """By the token that the message carried."""
    campaign = rows.running(1)
    rows.claimed(campaign, [1])
    token = sign(bootstrap.signing_key(runtime.settings), "confirm", DeliveryId(campaign, 1))
    assert site.post(f"/confirm/{token}").status == 204
    runtime.ledger.apply_receipts(runtime.clock.now(), 10)
    assert rows.statuses(campaign) == [DeliveryStatus.DELIVERED]


def test_one_click_keeps_what_has_not_left_here(runtime: Runtime, rows: Rows, site: Site) -> None:
    """A look changes nothing, a POST does, and a delivery that never was is not found."""
    campaign = rows.running(1)
    key = bootstrap.signing_key(runtime.settings)
    path = f"/unsubscribe/{sign(key, 'unsubscribe', DeliveryId(campaign, 1))}"
    assert site.ask(path).status == 200
    assert rows.ask("SELECT count(*) FROM consent") == [(0,)]
    assert site.post(path, b"List-Unsubscribe=One-Click").status == 200
    assert rows.ask("SELECT count(*) FROM consent WHERE NOT granted AND class = 'service'") == [
        (1,)
    ]
    nobody = sign(key, "unsubscribe", DeliveryId(campaign, 99))
    assert site.post(f"/unsubscribe/{nobody}").status == 404


def test_an_advisory_is_public_once_its_campaign_is_launched(
    runtime: Runtime, rows: Rows, site: Site
) -> None:
    """Not as a draft; when it was cancelled its page says so."""
    facts = runtime.renderer.kinds["remote_services"].sample()
    campaign = rows.draft(facts=facts, expression="all")
    found = runtime.campaigns.get(str(campaign))
    path = f"/advisories/{found.advisory_id}/fr"
    assert site.ask(path).status == 404
    pinned = runtime.hash(found, runtime.ledger.advisory(found.advisory_id))
    runtime.campaigns.approve(campaign, pinned, "youssef", runtime.clock.now())
    runtime.campaigns.launch(campaign, "amina", runtime.clock.now())
    until(lambda: "0522312020" in site.ask(path).text)
    runtime.campaigns.cancel(campaign, "amina", runtime.clock.now())
    runtime.publisher.publish()
    assert "Cet avis a été retiré" in site.ask(path).text
