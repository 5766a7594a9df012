"""The customer's story in a real browser: light pages, choices without script, an alert shown."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # no stubs
from playwright.sync_api import Browser, Page

from broadcaster import bootstrap
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId
from broadcaster.domain.message import Address, Channel, Scheme
from broadcaster.domain.tokens import sign
from broadcaster.providers.webpush import generate_private_key
from broadcaster.sandbox.config import SandboxConfig
from broadcaster.sandbox.subscriptions import keys
from tests import builders
from tests.browsers import apart, browser
from tests.pages_scene import PHONE, Scene, amina, opened
from tests.sandboxes import lines, running

__all__ = ["browser"]

#: What a page may weigh in all, octets.
_LIGHT = 100_000

#: What a page loaded, cached or not, by its address.
_LOADED = """
["navigation", "resource"].flatMap((sort) => performance.getEntriesByType(sort))
  .map((one) => [one.name, one.decodedBodySize])
"""
#: Stands for the push service of a browser, which can't be reached here: the rest is the browser's.
_SUBSCRIBED = """
PushManager.prototype.subscribe = async function (options) {
  if (options.applicationServerKey.length !== 65) throw new Error("no key");
  return window.told = Object.assign(Object.create(null), {
    toJSON: () => (GIVEN), unsubscribe: async () => true });
};
PushManager.prototype.getSubscription = async () => window.told || null;
"""


@pytest.fixture
def config(tmp_path: Path) -> SandboxConfig:
    """A push service whose own devices confirm nothing."""
    return SandboxConfig(
        folder=tmp_path / "sandbox",
        carrier_port=0,
        smtp_port=0,
        push_port=0,
        pace=0,
        rates={"device.never": 1.0},
    )


@pytest.fixture
def scene(config: SandboxConfig, database_url: str, redis_url: str, home: Path) -> Iterator[Scene]:
    """Serve the pages, beside a push service."""
    with running(config) as ports:
        variables = {
            "WEBPUSH_PRIVATE_KEY": generate_private_key(),
            "WEBPUSH_SUBJECT": "mailto:operations@lydec.test",
            "WEBPUSH_ALLOWED_HOSTS": f"http://127.0.0.1:{ports.push}",
        }
        with opened(database_url, redis_url, home, variables) as made:
            made.rows.save([amina()])
            made.site.runtime.areas.save_circle("Derb Sultan", -7.6, 33.6, 500)
            made.site.runtime.own_page.offer("Derb Sultan", "amina", offered=True)
            yield made


def _token(scene: Scene) -> str:
    campaign = scene.rows.running(0)
    key = bootstrap.signing_key(scene.site.runtime.settings)
    return sign(key, "unsubscribe", DeliveryId(campaign, 1))


def test_each_page_is_light_whole_and_usable_by_everybody(scene: Scene, browser: Browser) -> None:
    """In three languages on a small phone; all that it loads is ours, and weighs little."""
    token = _token(scene)
    scene.enter()
    paths = (
        "/preferences",
        "/preferences/code",
        "/preferences/mine",
        f"/preferences/{token}",
        f"/unsubscribe/{token}",
        "/follow",
    )
    context = browser.new_context(viewport={"width": 320, "height": 700}, reduced_motion="reduce")
    value = scene.jar["broadcaster_page"]
    context.add_cookies([{"name": "broadcaster_page", "value": value, "url": scene.site.url}])
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda one: faults.append(one.text) if one.type == "error" else None)
    for path in paths:
        for tag in ("fr", "en", "ar"):
            page.goto(f"{scene.site.url}{path}?lang={tag}", wait_until="load")
            loaded = page.evaluate(_LOADED)
            assert {url.startswith(scene.site.url) for url, _ in loaded} == {True}
            assert len(loaded) > 2
            assert sum(size for _, size in loaded) < _LIGHT, path
            assert page.evaluate("document.documentElement.lang") == tag
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{path} {tag}"
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    assert faults == []
    context.close()


def test_a_customer_chooses_without_any_script(scene: Scene, browser: Browser) -> None:
    """From the number to the saved choice, and ends messages and takes that back."""
    context = browser.new_context(
        java_script_enabled=False, locale="fr-FR", viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto(f"{scene.site.url}/preferences")
    page.get_by_label("Numéro de téléphone").fill(PHONE)
    page.get_by_role("button", name="Envoyez-moi un code").click()
    scene.send()
    page.get_by_label("Les six chiffres").fill(scene.code())
    page.get_by_role("button", name="Ouvrir ma page").click()
    page.get_by_label("Première langue").select_option(label="Français")
    page.get_by_label("De", exact=True).select_option("22")
    page.get_by_label("Derb Sultan").check()
    page.get_by_role("button", name="Enregistrer").click()
    assert page.locator("#saved").is_visible()
    assert scene.rows.ask("SELECT locales[1], quiet, attributes FROM customer") == [
        ("fr-MA", "22:00-07:00", {"followed_areas": ["Derb Sultan"]})
    ]
    page.get_by_role("button", name="Fermer ma page").click()
    assert page.url.startswith(f"{scene.site.url}/preferences?")

    page.goto(f"{scene.site.url}/unsubscribe/{_token(scene)}?lang=fr")
    page.get_by_role("button").click()
    refused = "SELECT count(*) FROM consent WHERE NOT granted"
    assert scene.rows.ask(refused) == [(2,)]
    page.get_by_role("button", name="Continuez à me les envoyer").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Vous continuez à les recevoir"
    assert scene.rows.ask(refused) == [(1,)]
    context.close()


def test_a_visitor_is_told_on_their_device(
    scene: Scene, browser: Browser, config: SandboxConfig
) -> None:
    """What the provider sends is what the worker shows; it confirms it, and opens its page."""
    service = scene.site.runtime.settings.options("webpush").text("ALLOWED_HOSTS", "")
    endpoint = f"{service}/wp/visitor-1"
    own = keys(endpoint)
    given = {"endpoint": endpoint, "keys": dict(own)}
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.grant_permissions(["notifications"], origin=scene.site.url)
    page = context.new_page()
    page.add_init_script(_SUBSCRIBED.replace("GIVEN", json.dumps(given)))
    page.goto(f"{scene.site.url}/follow?lang=ar")
    page.locator("#area-1").check()
    page.locator("#push-begin").click()
    page.locator("[data-said=on]").wait_for()
    assert scene.rows.ask("SELECT locales, attributes FROM customer WHERE follower") == [
        (["ar"], {"followed_areas": ["Derb Sultan", "everywhere"]})
    ]
    # Sent by our provider to the push service, which opens it with the browser's keys.
    message = _sent(scene, Address(scheme=Scheme.WEBPUSH, value=endpoint, keys=own))
    ((line),) = lines(config.folder, "push")
    payload = line["payload"]
    shown = _delivered(page, scene.site.url, payload)
    assert shown["title"] == payload["title"]
    assert shown["body"] == payload["body"]
    assert (shown["lang"], shown["dir"], shown["tag"]) == ("ar", "rtl", payload["tag"])
    page.wait_for_function("() => true")
    confirmed = scene.rows.ask("SELECT provider, campaign_id, number, event FROM receipt")
    assert confirmed == [("confirm", *message, "deliver")]

    (worker,) = context.service_workers
    opened_page = worker.evaluate(
        """async () => {
          let opened = null;
          // A click is real only where notifications are shown, which a browser without a screen
          // does not: so what it would open is asked for.
          self.clients.openWindow = async (url) => { opened = url; };
          const [notification] = await self.registration.getNotifications();
          let done; const waited = new Promise((resolve) => { done = resolve; });
          const event = new NotificationEvent("notificationclick", { notification });
          event.waitUntil = (promise) => promise.then(done, done);
          self.dispatchEvent(event);
          await waited;
          return [opened, (await self.registration.getNotifications()).length];
        }"""
    )
    assert opened_page == [payload["link"], 0]
    page.locator("#push-end").click()
    page.locator("[data-said=off]").wait_for()
    assert scene.rows.ask("SELECT left_at IS NULL FROM customer WHERE follower") == [(False,)]
    context.close()


def _sent(scene: Scene, address: Address) -> DeliveryId:
    runtime = scene.site.runtime
    delivery = DeliveryId(scene.rows.running(0), 1)
    waiting = builders.pending(delivery=delivery, address=address, locale="ar")
    campaign = runtime.ledger.campaign(delivery.campaign)
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    message = runtime.drafting.draft(waiting, campaign, advisory)
    assert message is not None

    # The service looks at the token's time by its own clock.
    scene.clock.moment = datetime.now(UTC)

    async def send() -> DeliveryEvent:
        provider = runtime.providers["webpush"]
        (answer,) = await provider.submit([message])
        await provider.aclose()
        return answer.event

    assert apart(send) is DeliveryEvent.ACCEPT
    assert message.address.scheme.channel is Channel.PUSH
    return delivery


def _delivered(page: Page, origin: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Hand a payload to the page's worker as the browser does, and give what it shows."""
    tools = page.context.new_cdp_session(page)
    found: list[str] = []
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
    )
    tools.send("ServiceWorker.enable")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    while not found:
        page.wait_for_timeout(20)
    with page.context.expect_event("request", lambda one: "/confirm/" in one.url):
        tools.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": origin, "registrationId": found[-1], "data": json.dumps(payload)},
        )
    shown: dict[str, Any] = page.evaluate(
        """async () => {
          const worker = await navigator.serviceWorker.ready;
          const [one] = await worker.getNotifications();
          return { title: one.title, body: one.body, lang: one.lang, dir: one.dir, tag: one.tag };
        }"""
    )
    return shown
