"""The command's own manners: one clear line and exit code 2, whatever goes wrong."""

import errno
from importlib import import_module

import pytest
import typer

from broadcaster import cli
from broadcaster.errors import ConflictError


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        cli.main(list(words))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    else:
        code = 0
    out, err = capsys.readouterr()
    return code, out, err


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Called with nothing, it says what there is."""
    code, out, _ = _run(capsys)
    assert code == 0
    assert all(f"  {name} " in out for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_its_module(name: str) -> None:
    """What the overview promises is there."""
    assert isinstance(import_module(f"broadcaster.cli.{name.replace('-', '_')}").app, typer.Typer)


@pytest.mark.parametrize(
    "words",
    [
        ("frobnicate",),
        ("demo", "--customers", "0"),
        ("demo", "--customers", "many"),
        ("demo", "--trouble", "2"),
        ("demo", "--no-such-option"),
        ("campaigns", "create"),
        ("campaigns", "frobnicate"),
        ("phones", "check", "--region"),
    ],
)
def test_wrong_words_get_one_line(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """No box, no trace: what is wrong and where to look."""
    code, out, err = _run(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith("broadcaster: ")
    assert err.count("\n") == 1
    assert "--help" in err


class _Broken:
    """A command that fails as it is told."""

    registered_callback = None

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __call__(self, *_: object, **__: object) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ConflictError("It runs\nalready."), 2, "broadcaster: It runs already.\n"),
        (OSError(errno.ENOSPC, "No space left on device", "x.csv"), 2, "No space left on device"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_a_command_raises_becomes_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    line: str,
) -> None:
    """Our own errors, a full disk and Ctrl+C are told apart, and none shows a trace."""
    module = import_module("broadcaster.cli.db")
    monkeypatch.setattr(module, "app", _Broken(error))
    seen, _, err = _run(capsys, "db", "upgrade")
    assert seen == code
    assert line in err
    assert err.count("\n") <= 1
