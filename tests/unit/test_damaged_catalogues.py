"""A catalogue that cannot be read is told once, with its file and what to do, and by the checks."""

import logging
from pathlib import Path

import pytest

from broadcaster.bootstrap.doctor import languages
from broadcaster.bootstrap.readiness import readiness
from broadcaster.bootstrap.runtime import Runtime
from broadcaster.errors import ConfigurationError
from broadcaster.settings import load

_FILES = ("advisories.po", "console.po")


@pytest.fixture
def runtime(home: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """Join everything, with French catalogues of one's own that were cut off."""
    folder = home / "own" / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    for name in _FILES:
        (folder / name).write_text('msgid "Water"\nmsgstr "Eau\n', encoding="utf-8")
    monkeypatch.setenv("BROADCASTER_LOCALES", str(home / "own"))
    return Runtime(load(), "postgresql://127.0.0.1:1/none", "redis://127.0.0.1:1/0")


def test_it_is_logged_once_with_its_file(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    """However often something is rendered, and however often it is asked whether we are ready."""
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert "fr" not in runtime.renderer.kinds["planned_outage"].locales
            with pytest.raises(ConfigurationError, match="line 2"):
                readiness(runtime)["texts"]()
    told = [vars(record)["problem"] for record in caplog.records]
    assert [one.partition(",")[0] for one in told] == [f"fr/LC_MESSAGES/{one}" for one in _FILES]
    assert all(one.endswith("Mend the line.") for one in told)


def test_doctor_names_the_file_and_the_remedy(runtime: Runtime) -> None:
    """Of what goes to customers and of our own pages, with a runtime and without."""
    for known in (runtime, None):
        found = list(languages(load(), known))
        assert [one.state for one in found] == ["fault", "fault"]
        for one, name in zip(found, _FILES, strict=True):
            assert one.word.startswith(f"fr/LC_MESSAGES/{name}, line 2")
            assert "good copy" in one.word
