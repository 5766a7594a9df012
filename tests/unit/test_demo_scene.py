"""What the demo is set in."""

import os
from pathlib import Path

import pytest

from broadcaster.cli.demo import scene
from broadcaster.settings import load

QUIET = scene.Trouble(seed=1, share=0.0)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the scene change the environment for one test only."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


def test_accounts_of_real_providers_do_not_leak_into_the_demo(tmp_path: Path) -> None:
    """Whatever the operator has set, the demo speaks to loopback alone."""
    os.environ["BROADCASTER_TWILIO_BASE_URL"] = "https://api.twilio.com"
    os.environ["BROADCASTER_SMTP_HOST"] = "mail.example.com"
    os.environ["BROADCASTER_ROUTES"] = "tel=other"
    os.environ["BROADCASTER_PUBLIC_URL"] = "https://public.example.com"
    scene.enter(tmp_path / "demo", QUIET)
    settings = load()
    assert settings.options("twilio").text("BASE_URL", "") == "http://127.0.0.1:8401"
    assert settings.options("smtp").text("HOST", "") == "127.0.0.1"
    assert settings.options("fcm").text("BASE_URL", "") == "http://127.0.0.1:8403"
    assert settings.routes["tel"] == ("twilio",)
    assert settings.public_url == "http://127.0.0.1:8400"


def test_a_second_run_keeps_secrets_and_ports_and_takes_the_new_trouble(tmp_path: Path) -> None:
    """Addresses and signatures of an interrupted run stay good."""
    os.environ["BROADCASTER_SANDBOX_PUSH_PORT"] = "9003"
    scene.enter(tmp_path / "demo", QUIET)
    first = load()
    del os.environ["BROADCASTER_SANDBOX_PUSH_PORT"]
    scene.enter(tmp_path / "demo", scene.Trouble(seed=2, share=0.5))
    second = load()
    for name in ("TWILIO_AUTH_TOKEN", "WEBPUSH_PRIVATE_KEY", "SANDBOX_PUSH_PORT"):
        key = f"BROADCASTER_{name}"
        assert first.variables[key] == second.variables[key]
    assert (second.sandbox.seed, second.sandbox.trouble) == (2, 0.5)
    assert second.sandbox.push_port == 9003


def test_the_settings_are_readable_to_their_owner_only(tmp_path: Path) -> None:
    """They hold the accounts' secrets."""
    scene.enter(tmp_path / "demo", QUIET)
    assert (tmp_path / "demo" / "settings.env").stat().st_mode & 0o077 == 0


def test_an_interrupted_run_is_found_until_it_has_ended(tmp_path: Path) -> None:
    """Damage to the note means that there is none."""
    run = scene.Unfinished(customers=10, seed=1, campaign=7)
    scene.mark(tmp_path, run)
    assert scene.unfinished(tmp_path) == run
    (tmp_path / "unfinished.json").write_text('{"customers": 1}', encoding="utf-8")
    assert scene.unfinished(tmp_path) is None
    scene.unmark(tmp_path)
    assert scene.unfinished(tmp_path) is None


def test_only_what_is_not_set_up_is_pointed_at_the_simulated_networks(tmp_path: Path) -> None:
    """A provider of which anything is set is the operator's, and left alone."""
    os.environ["BROADCASTER_HOME"] = str(tmp_path)
    os.environ["BROADCASTER_SMTP_HOST"] = "mail.example.com"
    (tmp_path / "settings.env").write_text("BROADCASTER_TWILIO_SENDER=OWN\n", encoding="utf-8")
    scene.furnish(tmp_path)
    variables = load().variables
    assert "BROADCASTER_TWILIO_BASE_URL" not in variables
    assert "BROADCASTER_SMTP_FROM" not in variables
    assert variables["BROADCASTER_FCM_BASE_URL"] == "http://127.0.0.1:8403"
    assert variables["BROADCASTER_WEBPUSH_ALLOWED_HOSTS"] == "http://127.0.0.1:8403"
    assert variables["BROADCASTER_TWILIO_SENDER"] == "OWN"
