"""The pages of keys and webhooks, over a real server: secrets are shown once, to administrators."""

import re

from broadcaster.domain.access import Role
from tests.desk_scene import DeskSite, site

__all__ = ["site"]

_ADMIN = Role.ADMINISTRATOR


def test_an_administrator_makes_and_revokes_a_key(site: DeskSite) -> None:
    """It is shown once, works, and does not any more when it is revoked; others see nothing."""
    assert site.ask("/keys", Role.DUTY_OFFICER).status == 403
    assert "/keys" not in site.ask("/", Role.VIEWER).text
    site.token(Role.AUTHOR)
    values: dict[str, str | list[str]] = {
        "name": "billing <b>",
        "owner": "the author",
        "scopes": ["look", "write"],
        "days": "30",
        "rate": "60",
    }
    refused = site.post("/keys", _ADMIN, **{**values, "scopes": ["approve"]})
    assert refused.status == 422
    assert "#f-scopes" in refused.text
    assert 'value="billing &lt;b&gt;"' in refused.text
    made = site.post("/keys", _ADMIN, **values)
    assert made.status == 200
    (key,) = re.findall(r"bk_[\w-]{43}", made.text)
    assert made.headers["cache-control"] == "no-store"
    bearer = {"Authorization": f"Bearer {key}"}
    assert site.ask("/api/v1/me", headers=bearer).status == 200
    listed = site.ask("/keys", _ADMIN).text
    assert key not in listed
    assert key[:9] in listed
    assert "<b>" not in listed.partition("billing")[2][:20]
    assert site.post("/keys/1/revoke", _ADMIN).status == 303
    assert site.ask("/api/v1/me", headers=bearer).status == 401
    _an_administrator_makes_and_steers_a_webhook(site)
    _the_pages_are_whole_in_every_language(site)


def _an_administrator_makes_and_steers_a_webhook(site: DeskSite) -> None:
    url = "https://example.com/hook"
    inside = site.post("/webhooks", _ADMIN, url="http://10.0.0.1/", events="campaign.paused")
    assert inside.status == 422
    made = site.post("/webhooks", _ADMIN, url=url, events=["campaign.paused"])
    (secret,) = re.findall(r"whsec_[\w+/=]{40,}", made.text)
    assert secret not in site.ask("/webhooks/1", _ADMIN).text
    assert site.post("/webhooks/1/test", _ADMIN).status == 303
    assert site.runtime.webhooks.get(1).waiting == 1
    assert site.post("/webhooks/1/off", _ADMIN).status == 303
    assert not site.runtime.webhooks.get(1).active
    assert site.post("/webhooks/1/on", _ADMIN).status == 303
    renewed = site.post("/webhooks/1/secret", _ADMIN)
    assert secret not in renewed.text
    assert "whsec_" in renewed.text
    assert site.post("/webhooks/1/delete", Role.AUTHOR).status == 403
    assert site.post("/webhooks/1/delete", _ADMIN).status == 303
    assert site.ask("/webhooks/1", _ADMIN).status == 404


def _the_pages_are_whole_in_every_language(site: DeskSite) -> None:
    for path in ("/keys", "/webhooks"):
        for tag in ("ar", "fr", "en"):
            page = site.ask(f"{path}?lang={tag}", _ADMIN)
            assert page.status == 200
            assert f'lang="{tag}' in page.text
