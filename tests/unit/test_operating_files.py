"""The files under docs/operating name settings, commands and metrics that exist, and are strict."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # (it has no types here)

from broadcaster.cli import COMMANDS
from broadcaster.telemetry.catalogue import ALL, WORK, Sort

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "operating"
GUIDE = (ROOT / "docs" / "operating.md").read_text("utf-8")
UNITS = sorted((FOLDER / "systemd").glob("*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
OURS = ("migrate", "web", "public", "beat", "control", "urgent", "worker")


def test_every_setting_that_they_name_is_one() -> None:
    """As the table of the guide has it, which another test holds to the code."""
    table = GUIDE.partition("## Settings")[2].partition("\n## ")[0]
    known = set(re.findall(r"`([A-Z_0-9]+)`", table))
    # What has a name of somebody's choice in the middle.
    chosen = re.compile(r"(ALERTS|ANNOUNCE)_[A-Z0-9]+_(URL|LOCALE)")
    named = set()
    for path in [*FOLDER.rglob("*"), ROOT / "docs" / "operating.md"]:
        if path.is_file():
            named |= set(re.findall(r"BROADCASTER_([A-Z][A-Z_0-9]*)", path.read_text("utf-8")))
    # The first is compose's own, for the name of the image.
    unknown = {n for n in named - known - {"VERSION"} if not chosen.fullmatch(n)}
    assert unknown == set()
    assert len(named) > 10


def test_what_compose_runs_is_ours_and_may_do_little() -> None:
    """Commands that exist, nothing as root, a file system that is only read, and a sign of life."""
    services = COMPOSE["services"]
    assert set(services) == {*OURS, "postgres", "valkey"}
    for name in OURS:
        one = services[name]
        assert one["command"][0] in COMMANDS, name
        assert one["user"] == "10001:10001"
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in one["security_opt"]
        assert "privileged" not in one
        assert set(one["secrets"]) <= set(COMPOSE["secrets"])
        assert one["healthcheck"]
    for name in ("postgres", "valkey"):
        assert services[name]["profiles"] == ["bundled"]
        assert services[name]["networks"] == ["inside"]
        assert "ports" not in services[name]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    published = [port for one in services.values() for port in one.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert services["public"]["depends_on"] == {}


def test_the_image_runs_as_nobody_and_checks_what_it_installs() -> None:
    """Each package by its hash, the wheel by its own."""
    text = (FOLDER / "Dockerfile").read_text("utf-8")
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert "--require-hashes" in text
    assert "sha256sum --check --strict" in text
    assert (ROOT / "requirements" / "run.txt").is_file()
    for line in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        assert "/" not in line


def _unit(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    # What stands several times counts several times.
    for line in path.read_text("utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_each_unit_is_hardened_and_runs_a_command(path: Path) -> None:
    """An account of its own, no new rights, and keys that are handed over as credentials."""
    unit = _unit(path)
    (command,) = unit["ExecStart"]
    assert command.split()[0] == "/opt/broadcaster/bin/broadcaster"
    assert command.split()[1] in COMMANDS
    wanted = {
        "User": "broadcaster",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
        "UMask": "0077",
        "Restart": "always",
    }
    assert {name: unit[name] for name in wanted} == {n: [v] for n, v in wanted.items()}
    assert len(unit["LoadCredential"]) == 2


def test_ports_of_one_machine_are_different() -> None:
    """Each process answers Prometheus at its own, and Prometheus asks them all."""
    texts = [path.read_text("utf-8") for path in sorted((FOLDER / "systemd").iterdir())]
    ports = re.findall(r"BROADCASTER_METRICS_PORT=(\d+)", "\n".join(texts))
    assert len(ports) == len(set(ports)) == 6
    asked = (FOLDER / "prometheus.yaml").read_text("utf-8")
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", asked)) == set(ports)
    assert yaml.safe_load(asked)["scrape_configs"]


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    """By its own verification, where it is installed."""
    program = shutil.which("systemd-analyze")
    if program is None:
        return
    for path in (FOLDER / "systemd").iterdir():
        text = path.read_text("utf-8").replace("/opt/broadcaster/bin/broadcaster", "/bin/true")
        (tmp_path / path.name).write_text(text)
    units = [str(tmp_path / path.name) for path in UNITS if "@" not in path.name]
    command = [
        program,
        "verify",
        "--man=no",
        *units,
        str(tmp_path / "broadcaster-worker@x.service"),
    ]
    (tmp_path / "broadcaster-worker@x.service").write_bytes(
        (tmp_path / "broadcaster-worker@.service").read_bytes()
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  (a program of the system)
    faults = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert faults == []


def _expressions() -> list[str]:
    board = json.loads((FOLDER / "grafana.json").read_text("utf-8"))
    return [one["expr"] for panel in board["panels"] for one in panel.get("targets", ())]


def test_every_metric_that_the_board_asks_for_exists() -> None:
    """Of histograms the series that Prometheus makes of them; by labels that the metric has."""
    known = {metric.name: metric for metric in ALL}
    asked = set()
    for expression in _expressions():
        for name in re.findall(r"broadcaster_\w+", expression):
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            metric = known.get(name) or known[base]
            assert (name == metric.name) != (metric.sort is Sort.HISTOGRAM), name
            asked.add(metric.name)
    assert {metric.name for metric in WORK} <= asked


def test_every_metric_is_named_by_convention_and_documented() -> None:
    """Counters end in _total, nothing else does; base units; each in the guide's table."""
    for metric in ALL:
        assert metric.name.endswith("_total") == (metric.sort is Sort.COUNTER), metric.name
        assert not re.search(r"_(ms|minutes|kb|mb|percent)(_|$)", metric.name)
        assert f"`{metric.name.removeprefix('broadcaster_')}`" in GUIDE, metric.name
        assert not set(metric.labels) & {"campaign", "customer", "address", "id", "path"}
    assert len({metric.name for metric in ALL}) == len(ALL)


@pytest.mark.parametrize("path", [FOLDER / "nginx.conf", FOLDER / "Caddyfile"], ids=str)
def test_proxies_pass_live_pages_on_at_once_and_no_word_of_strangers(path: Path) -> None:
    """Braces in pairs, no buffer before events, and who asks is said by the proxy alone."""
    text = path.read_text("utf-8")
    assert text.count("{") == text.count("}")
    assert "proxy_buffering off" in text or "flush_interval -1" in text
    for line in re.findall(r"X-Forwarded-For (\S+)", text):
        assert line.rstrip(";") in {"$remote_addr", "{remote_host}"}


def test_proxies_let_the_public_reach_all_that_is_theirs() -> None:
    """Each path of the customers' pages and of callbacks, and none of the console's."""
    text = (FOLDER / "nginx.conf").read_text("utf-8").partition("server_name console")[0]
    passed = [re.compile(one) for one in re.findall(r"location ~ (\S+) \{", text)]
    web = ROOT / "broadcaster" / "web"
    sources = [*(web / "public").glob("*.py"), *(web / "callbacks").glob("*.py")]
    found = [
        path.replace("{_WORKER}", "push-worker.js")
        for source in sources
        for path in re.findall(r'Route\(\s*f?"(/[^"]*)"', source.read_text("utf-8"))
    ]
    assert len(found) > 10
    for path in found:
        assert any(one.search(path) for one in passed), path
    for path in ("/", "/campaigns/1", "/sign-in", "/healthz", "/readyz", "/api/v1/campaigns"):
        assert not any(one.search(path) for one in passed), path
    caddy = (FOLDER / "Caddyfile").read_text("utf-8")
    for path in found:
        first = path.split("/")[1]
        assert f"/{first}" in caddy, path
