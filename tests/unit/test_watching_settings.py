"""Settings of those who look after it: refused in one line, off unless set."""

from pathlib import Path

import pytest

from broadcaster.bootstrap import Runtime
from broadcaster.cli.services import services
from broadcaster.errors import ConfigurationError
from broadcaster.settings import load


def _environment(home: Path, **more: str) -> dict[str, str]:
    given = {"HOME": str(home), **more}
    return {f"BROADCASTER_{name}": value for name, value in given.items()}


def test_nothing_is_told_to_anybody_unless_it_is_set(tmp_path: Path) -> None:
    """No listener, no collector, no destination; and whoever listens does so on loopback."""
    watching = load(_environment(tmp_path)).watching
    assert (watching.metrics_port, watching.otlp_endpoint, watching.sinks) == (0, "", {})
    assert watching.metrics_host == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTLP_ENDPOINT", "collector:4318"),
        ("OTLP_ENDPOINT", "http://collector:4318/v1?x=1"),
        ("METRICS_PORT", "65536"),
        ("TRACE_SHARE", "2"),
        ("LOG_FORMAT", "xml"),
        ("ALERTS", "On Call"),
        ("SECRET_KEY_FILE", "/nowhere/at/all"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, value: str) -> None:
    """The variable, the problem and the remedy."""
    with pytest.raises(ConfigurationError, match=f"BROADCASTER_{name}"):
        load(_environment(tmp_path, **{name: value}))


def test_a_destination_without_an_address_is_named(tmp_path: Path) -> None:
    """And where there is one, it shows itself nowhere."""
    with pytest.raises(ConfigurationError, match="BROADCASTER_ALERTS_ONCALL_URL"):
        load(_environment(tmp_path, ALERTS="oncall"))
    settings = load(_environment(tmp_path, ALERTS="oncall", ALERTS_ONCALL_URL="ntfys://secret"))
    assert "secret" not in repr(settings.watching)


def test_the_key_may_come_in_a_file(tmp_path: Path) -> None:
    """As service managers hand credentials over; what is set outright comes first."""
    file = tmp_path / "key"
    file.write_text("of the file\n")
    settings = load(_environment(tmp_path, SECRET_KEY_FILE=str(file)))
    assert settings.secret_key.reveal() == "of the file"
    settings = load(_environment(tmp_path, SECRET_KEY_FILE=str(file), SECRET_KEY="outright"))
    assert settings.secret_key.reveal() == "outright"


def test_services_of_one_machine_have_ports_of_their_own(tmp_path: Path) -> None:
    """One behind the other, from the one that is set; none where none is."""
    for first, ports in (("9400", [9400, 9401, 9402, 9403, 9404]), ("0", [])):
        settings = load(_environment(tmp_path, METRICS_PORT=first))
        runtime = Runtime(settings, "postgresql://x", "redis://x")
        told = [one.environment.get("BROADCASTER_METRICS_PORT") for one in services(runtime)]
        assert [int(port) for port in told if port] == ports
