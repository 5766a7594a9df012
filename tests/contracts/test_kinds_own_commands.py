"""`broadcaster kinds add` and `remove`, with the campaigns that need a kind."""

import json
from pathlib import Path

import pytest

from tests.commands import Run, run
from tests.unit.test_kinds_adding import TRANSLATED, write

__all__ = ["run"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the organisation's own folder."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv("BROADCASTER_TEMPLATES", str(folder))
    return folder


def test_a_kind_is_added_used_and_removed_when_nothing_needs_it(
    run: Run, own: Path, tmp_path: Path
) -> None:
    """What is handed over can be sent at once, and stays while a campaign has not ended."""
    source = write(tmp_path / "water_back", TRANSLATED)
    added = run("kinds", "add", str(source), "--json")
    assert (added.code, json.loads(added.out)["placed"]) == (0, True)
    refused = run("kinds", "add", str(source))
    assert (refused.code, "--replace" in refused.err) == (2, True)
    assert "place of the former" in run("kinds", "add", str(source), "--replace").out
    run("segments", "save", "everybody", "all")
    create = ("campaigns", "create", "back", "--kind", "water_back", "--segment", "everybody")
    assert run(*create, "--channels", "sms").code == 0
    assert run("campaigns", "check", "back").code == 0
    assert 'Did you mean "back"?' in run("campaigns", "check", "bakc").err
    kept = run("kinds", "remove", "water_back")
    assert kept.code == 2
    assert "used by campaigns that have not ended: 'back'" in kept.err
    run("campaigns", "cancel", "back")
    assert run("kinds", "remove", "water_back").code == 0
    assert list(own.iterdir()) == []
    assert "is shipped with the product" in run("kinds", "remove", "remote_services").err


def test_a_kind_with_faults_is_shown_with_all_of_them(run: Run, own: Path, tmp_path: Path) -> None:
    """Exit code 1, a table of findings, and nothing in the folder."""
    source = write(tmp_path / "faulty", {"kind.toml": 'channels = ["sms", "push"]\n'})
    said = run("kinds", "add", str(source), "--json")
    assert said.code == 1
    parts = [one["part"] for one in json.loads(said.out)["findings"] if one["severity"] == "error"]
    assert {"sms/body.txt", "push/title.txt", "push/body.txt"} <= set(parts)
    assert "is refused, and nothing is changed" in run("kinds", "add", str(source)).out
    assert list(own.iterdir()) == []


def test_without_a_folder_of_ones_own_nothing_is_added(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting is named, with what to do."""
    monkeypatch.delenv("BROADCASTER_TEMPLATES", raising=False)
    said = run("kinds", "add", str(write(tmp_path / "water_back", TRANSLATED)))
    assert said.code == 2
    assert "BROADCASTER_TEMPLATES: names no folder" in said.err
