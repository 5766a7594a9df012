"""The page of imports, over real servers: a file is checked first, then stored on demand."""

from typing import Any

import pytest
from psycopg import Connection

from broadcaster.audience import running
from broadcaster.audience.imports import Asked, Run
from broadcaster.audience.marks import Mark
from broadcaster.domain.access import Role
from broadcaster.errors import UnavailableError
from tests.builders import NOON
from tests.desk_scene import DeskSite, site
from tests.people_scene import SCRIPT, send
from tests.web_scene import Answer, wait

__all__ = ["site"]

_PLACE = "/customers/import"
_ROWS = ("number;name;phone;=cmd", "C1;Amina;0661234567;1", "C2;Omar;12;1", "C3;;0661234568;1")
_FILE = ("customers.csv", "\n".join(_ROWS).encode())


def _settled(site: DeskSite) -> Answer:
    """Wait until nothing runs, and give the page."""
    wait(lambda: "data-running" not in site.ask(_PLACE, Role.AUTHOR).text)
    return site.ask(f"{_PLACE}?lang=en", Role.AUTHOR)


def test_a_file_is_checked_and_stored_only_when_it_is_said_so(site: DeskSite) -> None:
    """The report has what was found, and no formula in it."""
    assert send(site, _PLACE, Role.APPROVER, _FILE).status == 403
    assert send(site, _PLACE, Role.AUTHOR, _FILE).status == 303
    page = _settled(site)
    assert "checked, not stored yet" in page.text
    assert "Store 2 customers" in page.text
    assert site.runtime.customers.count() == 0
    report = site.ask(f"{_PLACE}/report", Role.AUTHOR)
    assert report.headers["content-disposition"].startswith("attachment")
    # In the language of whoever sent the file: what, what became of it, what is wrong.
    assert report.text.startswith("\ufeffالسطر,العمود,")
    assert "4,name,السطر مرفوض,,ناقص," in report.text
    assert "'=cmd" in report.text
    assert not any(cell.startswith("=") for cell in report.text.replace('"', "").split(","))
    assert site.ask(f"{_PLACE}/report", Role.APPROVER).status == 403
    assert site.post(f"{_PLACE}/go", Role.AUTHOR, act="store").status == 303
    assert ": stored</h2>" in _settled(site).text
    assert site.runtime.customers.count() == 2
    assert site.post(f"{_PLACE}/go", Role.AUTHOR, act="store").status == 422
    # The file itself is gone, and its report with the next one or when it is discarded.
    folder = site.runtime.settings.home / "imports"
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["report.csv"]
    assert site.post(f"{_PLACE}/go", Role.AUTHOR, act="discard").status == 303
    assert not folder.exists()


def test_columns_are_said_once_and_saved_as_a_mapping(site: DeskSite) -> None:
    """A file that is headed otherwise can't be stored before."""
    name = f"abonnes {SCRIPT}.csv".replace("/", "_")
    file = (name, b"matricule,qui\nC1,Amina\n")
    send(site, _PLACE, Role.AUTHOR, file)
    page = _settled(site)
    assert "can’t be stored" in page.text
    assert SCRIPT not in page.text
    said: dict[str, str | list[str]] = {
        "act": "map",
        "name": "billing",
        "place": ["0", "1"],
        "column": ["number", "name"],
    }
    assert site.post(f"{_PLACE}/go", Role.AUTHOR, **said).status == 303
    assert "Store 1 customers" in _settled(site).text
    assert site.runtime.mappings.list() == ["billing"]
    assert site.post(f"{_PLACE}/go", Role.AUTHOR, **said).status == 422


def test_one_import_runs_at_a_time(site: DeskSite) -> None:
    """Another file is refused meanwhile, and the first goes on."""
    send(site, _PLACE, Role.AUTHOR, _FILE)
    _settled(site)
    with site.runtime.imports.begin(Asked(file="all.csv", by="Rabia", via="api", size=1), NOON):
        page = site.ask(f"{_PLACE}?lang=en", Role.AUTHOR).text
        assert "being stored" in page
        assert "the API" in page
        other = send(site, f"{_PLACE}?lang=en", Role.AUTHOR, _FILE)
        assert other.status == 422
        assert "is running. Try again when it has ended." in other.text
    # Nobody is at it any more, and nothing of it was noted.
    assert "ended before it was done" in site.ask(f"{_PLACE}?lang=en", Role.AUTHOR).text


def test_a_file_that_is_none_and_one_that_is_too_large_are_refused(site: DeskSite) -> None:
    """With what is wrong, and nothing stored."""
    send(site, _PLACE, Role.AUTHOR, ("x.xlsx", b"PK\x03\x04 not a workbook"))
    assert "can’t be stored" in _settled(site).text
    assert site.runtime.customers.count() == 0
    huge = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(10**10)}
    assert site.ask(_PLACE, Role.AUTHOR, method="POST", body=b"", headers=huge).status == 413


def test_one_that_was_cut_short_goes_on_from_the_kept_file(
    site: DeskSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The register has it all, so that another process can; it stands in the trail once."""
    monkeypatch.setattr(running, "PART", 2)
    note = Run.note
    parts: list[Mark] = []

    def failing(run: Run, connection: Connection[Any], mark: Mark) -> None:
        parts.append(mark)
        if len(parts) == 2:
            message = "the server is gone"
            raise UnavailableError(message)
        note(run, connection, mark)

    rows = "".join(f"C{at};Customer {at}\n" for at in range(1, 8))
    named = ("parts.csv", f"number;name\n{rows}".encode())
    send(site, _PLACE, Role.AUTHOR, named, in_parts="yes")
    _settled(site)
    monkeypatch.setattr(Run, "note", failing)
    assert site.post(f"{_PLACE}/go", Role.AUTHOR, act="store").status == 303
    page = _settled(site)
    assert ": ended half way</h2>" in page.text
    assert "Stored until now: 2 customers, to row 3 of the file." in page.text
    assert site.runtime.customers.count() == 2
    assert site.post(f"{_PLACE}/go", Role.AUTHOR, act="store").status == 303
    page = _settled(site)
    assert ": stored</h2>" in page.text
    assert site.runtime.customers.count() == 7
    with site.runtime.pool.connection() as connection:
        query = "SELECT details FROM audit WHERE action = 'import_customers'"
        lines = [details for (details,) in connection.execute(query)]
    assert [(one["via"], one["inserted"]) for one in lines] == [("console", 7)]
