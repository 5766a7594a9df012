"""The examples of docs/api.md, each run against a real server: as a command, and by the client."""

import json
import re
import shlex
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from broadcaster.audience.imports import Asked
from broadcaster.audience.marks import Mark
from broadcaster.bootstrap import shipped
from broadcaster.client import Client
from tests import client_source
from tests.api_scene import ApiSite, api
from tests.unit.test_kinds_adding import TRANSLATED
from tests.web_scene import wait

__all__ = ["api"]

_DOCS = Path(__file__).parent.parent.parent / "docs" / "api.md"
_BLOCK = re.compile(r"```(sh|python)\n(.*?)\n```", re.DOTALL)
_FILE = "No;Nom;Tel\nC000200;Amina;+212612345670\n"


def _blocks(language: str) -> list[str]:
    return [text for kind, text in _BLOCK.findall(_DOCS.read_text("utf-8")) if kind == language]


def _after(api: ApiSite, text: str) -> None:
    """Do what a worker would have done, before the next example asks about it."""
    runtime = api.desk.runtime
    if "/launch" in text or "launch_campaign" in text:
        runtime.planner.plan(1, runtime.clock.now())
    if "/invitations" in text or "invite_operator" in text:
        runtime.sessions.open(3, runtime.clock.now())
    if "$API/imports?" in text or "create_import" in text:
        wait(lambda: runtime.imports.get(1).status != "running")
        assert runtime.imports.get(1).status == "done"
        # Another one, whose process ended half way.
        asked = Asked(file="all.csv", by="Salma", via="api", size=1, in_parts=True)
        with (
            runtime.imports.begin(asked, runtime.clock.now()) as run,
            runtime.pool.connection() as c,
        ):
            run.note(c, Mark(records=10_000, row=10_001))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with the files that the examples send."""
    (tmp_path / "customers.csv").write_text(_FILE, encoding="utf-8")
    (tmp_path / "optouts.csv").write_text("address\n+212612345671\n", encoding="utf-8")
    shutil.copy(shipped("locales") / "fr" / "LC_MESSAGES" / "advisories.po", tmp_path / "fr.po")
    with zipfile.ZipFile(tmp_path / "water_back.zip", "w") as archive:
        for path, text in TRANSLATED.items():
            archive.writestr(path, text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _curl(api: ApiSite, line: str, words: Mapping[str, str]) -> None:
    """Do what curl would; only what the examples use of it."""
    for name, value in words.items():
        line = line.replace(f"${name}", value)
    given = shlex.split(line)
    assert given[0] == "curl"
    method, headers, body, url = "", {}, None, ""
    rest = iter(given[1:])
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "--json":
            body, headers["Content-Type"] = next(rest).encode(), "application/json"
        elif word == "--data-binary":
            body = Path(next(rest).removeprefix("@")).read_bytes()
        else:
            url = word
    path = url.removeprefix(api.desk.url)
    method = method or ("GET" if body is None else "POST")
    answer = api.desk.ask(path, method=method, body=body, headers=headers)
    assert 200 <= answer.status < 300, f"{line}\n{answer.text}"
    if answer.headers["content-type"] == "application/json":
        json.loads(answer.text)


def test_every_command_of_the_docs_does_what_it_says(api: ApiSite, folder: Path) -> None:
    """In their order, from the first key to the last webhook; each call of the API once."""
    assert folder.is_dir()
    words = {
        "API": f"{api.desk.url}/api/v1",
        "AUTH": f"Authorization: Bearer {api.key()}",
        "SECOND": f"Authorization: Bearer {api.key(owner='Youssef')}",
    }
    lines = _blocks("sh")
    for line in lines:
        _curl(api, line, words)
        _after(api, line)
    assert len(lines) == len(_operations())


def test_every_line_of_the_client_in_the_docs_does_what_it_says(api: ApiSite, folder: Path) -> None:
    """The same by the client; each of its methods once."""
    assert folder.is_dir()
    client = Client(api.desk.url, api.key())
    second = Client(api.desk.url, api.key(owner="Youssef"))
    known: dict[str, object] = {"client": client, "second": second, "Path": Path}
    used = set()
    for text in _blocks("python"):
        eval(text, known)  # noqa: S307  (our own docs)
        used |= set(re.findall(r"(?:client|second)\.(\w+)\(", text))
        _after(api, text)
    assert used == _operations()


def test_the_client_has_a_method_for_every_call() -> None:
    """The file is what its description gives, so that no call is without one."""
    formatted = _normal(client_source.FILE.read_text("utf-8"))
    assert formatted == _normal(client_source.source())
    methods: Mapping[str, Callable[..., object]] = vars(Client.__mro__[1])
    assert {name for name in methods if not name.startswith("_")} == _operations()


def _operations() -> set[str]:
    paths = client_source.document()["paths"]
    return {one["operationId"] for methods in paths.values() for one in methods.values()}


def _normal(source: str) -> str:
    """Leave out what formatting may change."""
    return re.sub(r"[\s,()]", "", source)
