"""Browsers that are told: whose subscription is taken, what it makes, and how it ends."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster import bootstrap
from broadcaster.bootstrap.doctor import examine
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel, Scheme
from broadcaster.domain.tokens import sign
from broadcaster.privacy.disclosure import Disclosure
from broadcaster.providers.webpush import generate_private_key, public_key
from broadcaster.sandbox.subscriptions import keys
from tests.builders import address, customer
from tests.desk_scene import DeskSite, serving_desk
from tests.rows import Rows
from tests.vaults import dump, erasure, sealed
from tests.web_scene import Answer

SERVICE = "http://127.0.0.1:8499"
PRIVATE = generate_private_key()


@pytest.fixture
def site(database_url: str, redis_url: str, home: Path) -> Iterator[DeskSite]:
    """Serve with Web Push set up for a simulated service."""
    variables = {"WEBPUSH_PRIVATE_KEY": PRIVATE, "WEBPUSH_ALLOWED_HOSTS": SERVICE}
    with serving_desk(database_url, redis_url, home, variables) as opened:
        yield opened


def _subscription(name: str = "one", **changes: object) -> dict[str, object]:
    endpoint = f"{SERVICE}/push/{name}"
    return {"endpoint": endpoint, "keys": dict(keys(endpoint)), **changes}


def _ask(
    site: DeskSite, what: object, method: str = "POST", headers: Mapping[str, str] | None = None
) -> Answer:
    body = what if isinstance(what, bytes) else json.dumps(what).encode()
    kind = {"Content-Type": "application/json", **(headers or {})}
    return site.ask("/push/subscriptions", method=method, body=body, headers=kind)


def _begin(site: DeskSite, name: str = "one", **more: object) -> Answer:
    return _ask(site, {"subscription": _subscription(name), "locale": "ar", **more})


def test_a_visitor_follows_and_stops(site: DeskSite) -> None:
    """As a customer of its own kind: no name, a language, the areas followed, and a consent."""
    runtime, rows = site.runtime, Rows(site.runtime.pool)
    runtime.areas.save_circle("Harbour", -7.6, 33.6, 500)
    runtime.own_page.offer("Harbour", "amina", offered=True)
    assert json.loads(site.ask("/push/key").text) == {"key": public_key(PRIVATE)}
    assert _begin(site, areas=["Harbour", "Elsewhere"]).status == 201
    assert _begin(site, areas=["Harbour"]).status == 201
    (row,) = rows.ask("SELECT number, name, locales, attributes, follower FROM customer")
    assert row[0].startswith("web-")
    assert row[1:] == ("", ["ar"], {"followed_areas": ["Harbour"]}, True)
    assert runtime.customers.count('followed_areas has "Harbour"') == 1
    proofs = rows.ask("SELECT classes::text, granted, source, proof FROM consent_record")
    assert proofs == [("{service,safety}", True, "page", "web push 1")]
    # It changes its mind about the areas, and is the same follower.
    assert _begin(site, areas=["everywhere"], locale="fr").status == 201
    assert rows.ask("SELECT locales, attributes FROM customer") == [
        (["fr"], {"followed_areas": ["everywhere"]})
    ]
    campaign = rows.running(1, channels=(Channel.PUSH,))
    told = "SELECT count(*) FROM delivery WHERE campaign_id = %s AND status = 'planned'"
    assert rows.ask(told, campaign) == [(1,)]

    what = {"subscription": _subscription()}
    assert _ask(site, what, "DELETE").status == 204
    assert _ask(site, what, "DELETE").status == 204
    assert rows.ask("SELECT left_at IS NOT NULL FROM customer WHERE follower") == [(True,)]
    assert rows.ask("SELECT count(*) FROM customer_address WHERE channel = 'push'") == [(0,)]
    assert runtime.customers.count('followed_areas has "everywhere"') == 0
    assert _begin(site).status == 201
    assert runtime.customers.count('followed_areas has "everywhere"') == 1


def test_browsers_that_are_gone_are_let_go(site: DeskSite) -> None:
    """When their push service said so long enough ago; a follower leaves with its browser."""
    runtime, rows = site.runtime, Rows(site.runtime.pool)
    rows.save([customer(1, addresses=(address(Scheme.TEL, 1), address(Scheme.WEBPUSH, 1)))])
    for name in ("one", "two"):
        assert _begin(site, name).status == 201
    now = runtime.clock.now()
    gone = "INSERT INTO suppression (address_id, class, ground, reason, source, at) SELECT id,"
    gone += " unnest(enum_range(NULL::message_class)), 'fitness', 'gone', 'webpush', %s"
    gone += " FROM address WHERE scheme = 'webpush' AND value NOT LIKE '%%/two'"
    rows.tell(gone, now)
    word = "of followers: 1; gone: 2, which are let go after so many days: 30"
    (found,) = [one.word for one in examine(runtime, texts=False) if one.what == "browsers"]
    assert word in found
    assert [one.what for one in runtime.retention.apply("amina", now + timedelta(days=29))] == []
    later = now + timedelta(days=31)
    assert runtime.retention.standing(later).devices == 2
    done = [(one.what, one.rows) for one in runtime.retention.apply("amina", later)]
    assert done == [("devices", 2)]
    kept = "SELECT customer.follower, left_at IS NOT NULL, count(customer_address) FROM customer"
    kept += " LEFT JOIN customer_address ON customer_id = customer.id GROUP BY customer.id"
    assert rows.ask(f"{kept} ORDER BY customer.id") == [
        (False, False, 1),
        (True, True, 0),
        (True, False, 1),
    ]


def test_what_is_planned_for_who_stopped_stays_here(site: DeskSite) -> None:
    """Their refusal counts at the claim."""
    rows = Rows(site.runtime.pool)
    assert _begin(site).status == 201
    campaign = rows.running(0, channels=(Channel.PUSH,))
    assert _ask(site, {"subscription": _subscription()}, "DELETE").status == 204
    lease = rows.leased(campaign)
    assert (
        rows.ledger.claim(
            lease,
            {1: 1},
            "webpush",
            site.runtime.clock.now(),
            lease.until - site.runtime.clock.now(),
        )
        == []
    )


def _by_code(site: DeskSite, path: str, form: str) -> tuple[dict[str, str], int]:
    """Open the page by a code that is asked for with a form; the cookie of it, and the code's."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    asked = site.ask(path, method="POST", body=form.encode(), headers=kind)
    assert asked.status == 303, asked.text
    cookie = asked.headers["set-cookie"].partition(";")[0]
    claimed = site.runtime.page_codes.claim(site.runtime.clock.now())
    assert not isinstance(claimed, bool)
    entered = site.ask(
        "/preferences/code",
        method="POST",
        body=f"code={claimed.code}".encode(),
        headers={**kind, "Cookie": cookie},
    )
    assert entered.status == 303, entered.text
    cookies = [one.partition(";")[0] for one in entered.headers["set-cookie"].split(", ")]
    page = next(one for one in cookies if one.partition("=")[2])
    return {"Cookie": page}, claimed.id


def test_a_device_of_a_customer_comes_first(site: DeskSite) -> None:
    """By a code to where a message went; its link, which may be sent on, is not enough."""
    rows = Rows(site.runtime.pool)
    campaign = rows.running(1)
    delivery = DeliveryId(campaign, 1)
    token = sign(bootstrap.signing_key(site.runtime.settings), "unsubscribe", delivery)
    assert _begin(site, "one").status == 201
    assert _begin(site, "one", token=token).status == 422
    assert rows.ask(
        "SELECT follower FROM customer_address, customer WHERE customer.id ="
        " customer_id AND customer_address.channel = 'push'"
    ) == [(True,)]
    shown = site.ask(f"/preferences/{token}?lang=en").text
    assert "push.js" not in shown
    assert f'action="/preferences/{token}/code?lang=en"' in shown
    assert site.ask("/preferences/1-1.AAAAAAAAAAAAAAAA/code", method="POST").status == 404
    cookie, code = _by_code(site, f"/preferences/{token}/code", "")
    for name in ("one", "two", "three", "four", "five", "six"):
        what = {"subscription": _subscription(name), "locale": "ar"}
        assert _ask(site, what, headers=cookie).status == 201
    devices = rows.ask(
        "SELECT customer.follower, ordinal, right(address.value, 4) FROM customer_address"
        " JOIN customer ON customer.id = customer_id JOIN address ON address.id = address_id"
        " WHERE customer_address.channel = 'push' ORDER BY ordinal"
    )
    assert devices == [
        (False, 1, "/six"),
        (False, 2, "five"),
        (False, 3, "four"),
        (False, 4, "hree"),
        (False, 5, "/two"),
    ]
    reached = "SELECT address.value FROM reach JOIN address ON address.id = reach.push"
    assert rows.ask(reached) == [(f"{SERVICE}/push/six",)]
    proofs = rows.ask("SELECT DISTINCT proof FROM consent_record WHERE customer_id = 1")
    assert proofs == [(f"code {code}, web push 1",)]
    assert _ask(site, {"subscription": _subscription("six")}, "DELETE").status == 204
    assert rows.ask(reached) == [(f"{SERVICE}/push/five",)]


REFUSED: dict[str, object] = {
    "no endpoint": {},
    "our own network": _subscription(endpoint="http://127.0.0.1:5432/push/x"),
    "a private address": _subscription(endpoint="https://169.254.169.254/latest/meta-data"),
    "a name inside": _subscription(endpoint="https://intranet.test/x"),
    "a guest name": _subscription(endpoint="http://127.0.0.1:8499@evil.test/x"),
    "a file": _subscription(endpoint="file:///etc/passwd"),
    "a long endpoint": _subscription(endpoint=f"{SERVICE}/{'x' * 3000}"),
    "no text": _subscription(endpoint=7),
    "no keys": _subscription(keys=None),
    "no point": _subscription(keys={"p256dh": "AAAA", "auth": "AAAAAAAAAAAAAAAAAAAAAA"}),
    "off the curve": _subscription(keys={"p256dh": "B" + "A" * 86, "auth": "A" * 22}),
    "a short secret": _subscription(keys={**keys(f"{SERVICE}/push/one"), "auth": "AAAA"}),
}


def test_what_must_not_be_called_is_not_taken(site: DeskSite) -> None:
    """Nothing of it is kept, nothing is said of it again, and nothing was called."""
    for name, given in REFUSED.items():
        answer = _ask(site, {"subscription": given, "locale": "ar"})
        assert answer.status == 422, name
        assert "169.254" not in answer.text
    plain = {"subscription": _subscription(), "locale": "ar"}
    assert _ask(site, {**plain, "locale": "xx"}).status == 422
    assert _ask(site, {**plain, "areas": "x"}).status == 422
    for body, status in ((b"x" * 9000, 413), (b"[", 400), (b"[1]", 400), (b"[" * 8000, 400)):
        assert _ask(site, body).status == status
    assert _ask(site, plain, headers={"Content-Type": "text/plain"}).status == 415
    assert _ask(site, plain, headers={"Origin": "https://evil.test"}).status == 403
    assert _ask(site, plain, headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert Rows(site.runtime.pool).ask("SELECT count(*) FROM address") == [(0,)]

    assert _ask(site, plain).status == 201
    # Who knows an endpoint and not its keys can neither take it over nor end it.
    other = {**plain, "subscription": _subscription(keys=dict(keys("other")))}
    assert _ask(site, other).status == 422
    assert _ask(site, other, "DELETE").status == 422


def test_one_place_adds_only_so_many(site: DeskSite) -> None:
    """A proxy on this machine is believed about whom it saw itself, and not about others."""
    for number in range(20):
        assert _begin(site, f"n{number}").status == 201
    assert _begin(site, "more").status == 429
    elsewhere = {"X-Forwarded-For": "10.0.0.1, 203.0.113.9"}
    what = {"subscription": _subscription("more"), "locale": "ar"}
    assert _ask(site, what, headers=elsewhere).status == 201


def test_a_follower_is_kept_sealed_disclosed_and_erased(site: DeskSite) -> None:
    """As any customer is; what is left names nobody."""
    rows = Rows(site.runtime.pool)
    vault = sealed(site.runtime.pool, 1)
    site.runtime.__dict__["vault"] = vault
    assert _begin(site).status == 201
    assert _begin(site).status == 201
    assert SERVICE not in dump(rows.pool)
    ((number,),) = rows.ask("SELECT number FROM customer")
    held = Disclosure(rows.pool, vault).collect(number, "youssef", "a look")
    assert held["addresses"][0]["value"] == f"{SERVICE}/push/one"
    assert held["customer"]["attributes"] == {"followed_areas": ["everywhere"]}
    done = erasure(rows.pool, vault).erase(number, "youssef", "asked", site.runtime.clock.now())
    assert (done.found, done.addresses) == (True, 1)
    assert number not in dump(rows.pool)
    # The browser that was erased is not told again by the same subscription.
    assert _begin(site).status == 422


def test_a_list_of_the_utility_lets_no_follower_go(site: DeskSite) -> None:
    """They are on none."""
    from broadcaster.audience.leaving import Snapshot  # noqa: PLC0415  (here alone)

    assert _begin(site).status == 201
    saved = site.runtime.customers.save([customer(1)], snapshot=Snapshot())
    assert saved.left == 0
    left = Rows(site.runtime.pool).ask("SELECT count(*) FROM customer WHERE left_at IS NULL")
    assert left == [(2,)]


def test_the_worker_is_at_the_root_and_asked_for_anew(site: DeskSite) -> None:
    """So that its scope is the whole site, and a change is there at the next look."""
    answer = site.ask("/push-worker.js")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    again = site.ask("/push-worker.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status, again.text) == (304, "")
    icon = "/assets/alert.png"
    assert icon in answer.text
    assert site.desk.pages.assets["alert.png"].media_type == "image/png"
    assert len(site.desk.pages.assets["alert.png"].content) < 10_000


def test_where_web_push_is_not_set_up_nothing_is_offered(
    database_url: str, redis_url: str, home: Path
) -> None:
    """The page says so, and leads elsewhere."""
    with serving_desk(database_url, redis_url, home) as site:
        assert site.ask("/push/key").status == 503
        page = site.ask("/follow?lang=en")
        assert page.status == 200
        assert "be switched on at the moment" in page.text
        assert "<script" not in page.text
        assert _begin(site).status == 422


def test_a_code_that_two_send_at_once_opens_one_page(site: DeskSite) -> None:
    """The second is told that it opens nothing."""
    rows, codes = Rows(site.runtime.pool), site.runtime.page_codes
    rows.save([customer(1)])
    now = site.runtime.clock.now()
    ticket = codes.ask(customer(1).addresses[0], "fr", "192.0.2.1", now)
    claimed = codes.claim(now)
    assert ticket
    assert not isinstance(claimed, bool)
    with ThreadPoolExecutor(4) as threads:
        tokens = list(
            threads.map(lambda _: codes.redeem(ticket, claimed.code, "192.0.2.1", now), range(4))
        )
    assert sum(token is not None for token in tokens) == 1
    assert rows.ask("SELECT count(*) FROM page_session") == [(1,)]
