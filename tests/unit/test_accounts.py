"""The providers of an installation, some of them not set up."""

from pathlib import Path

import pytest

from broadcaster.bootstrap import Providers, SystemClock
from broadcaster.errors import ConfigurationError
from broadcaster.settings import load

TWILIO = {
    "BROADCASTER_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "BROADCASTER_TWILIO_AUTH_TOKEN": "token",
    "BROADCASTER_TWILIO_SENDER": "LYDEC",
}


def _providers(home: Path, **more: str) -> Providers:
    settings = load({"BROADCASTER_HOME": str(home), **TWILIO, **more})
    return Providers(settings, SystemClock())


def test_a_provider_that_is_not_set_up_does_not_keep_others_from_being_asked(
    tmp_path: Path,
) -> None:
    """Routes name all four; with Twilio alone set up, doubt is still settled there."""
    providers = _providers(tmp_path)
    assert providers.findable(["fcm", "smtp", "twilio", "webpush", "none"]) == ["twilio"]


def test_a_provider_without_its_settings_says_which_again_and_again(tmp_path: Path) -> None:
    """It is told the same way each time, without being built anew; an unknown one is no name."""
    providers = _providers(tmp_path)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="BROADCASTER_SMTP_"):
            providers["smtp"]
    with pytest.raises(KeyError):
        providers["none"]


def test_only_our_own_networks_are_simulated(tmp_path: Path) -> None:
    """A relay on this machine is as real as any other."""
    real = _providers(tmp_path, BROADCASTER_SMTP_HOST="127.0.0.1", BROADCASTER_SMTP_PORT="25")
    assert not any(real.simulated(name) for name in ("twilio", "smtp", "webpush", "fcm", "none"))
    pretended = _providers(
        tmp_path,
        BROADCASTER_TWILIO_BASE_URL="http://127.0.0.1:8401",
        BROADCASTER_SMTP_HOST="127.0.0.1",
        BROADCASTER_SMTP_PORT="8402",
        BROADCASTER_WEBPUSH_ALLOWED_HOSTS="http://127.0.0.1:8403",
        BROADCASTER_FCM_BASE_URL="http://127.0.0.1:8403",
    )
    assert all(pretended.simulated(name) for name in ("twilio", "smtp", "webpush", "fcm"))
