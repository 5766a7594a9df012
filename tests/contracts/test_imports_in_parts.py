"""An import in parts: killed wherever it may be, it goes on and ends as if nothing had been."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from broadcaster.audience import running
from broadcaster.audience.leaving import Snapshot
from broadcaster.audience.marks import Mark
from broadcaster.audience.store import Customers, Saved
from broadcaster.cli import importing
from broadcaster.ledger import schema
from broadcaster.ledger.pool import LedgerPool
from tests.builders import customer
from tests.commands import Run, run
from tests.servers import ROOT
from tests.waiters import waiters
from tests.web_scene import wait

__all__ = ["run"]

#: So few customers are a part here, which is the real command otherwise.
_PART = 20
_COMMAND = """
from broadcaster.audience import running
running.PART = 20
from broadcaster import cli
cli.main()
"""
#: Who is here before; a process that would change one of them can be made to wait.
_HERE = ("C003", "C030", "C055", "LEFT")
_BEFORE = "number;name;phone;opted_out\n" + "".join(
    f"{number};Before;06612340{at:02};sms:promotional\n" for at, number in enumerate(_HERE)
)


_WRITTEN = (
    """
    SELECT number, name, locales, time_zone, attributes, household, left_at IS NULL
    FROM customer ORDER BY number
    """,
    """
    SELECT number, own.channel, ordinal, value FROM customer_address AS own
    JOIN customer ON id = customer_id JOIN address ON address.id = address_id ORDER BY 1, 2, 3
    """,
    """
    SELECT number, channel, raw, fault FROM broken_address
    JOIN customer ON id = customer_id ORDER BY 1, 2, 3
    """,
    """
    SELECT number, channel, class, granted FROM consent
    JOIN customer ON id = customer_id ORDER BY 1, 2, 3
    """,
    """
    SELECT number, channel, classes, granted, source, proof FROM consent_record
    JOIN customer ON customer.id = customer_id ORDER BY 1, 2, 3, 4
    """,
    "SELECT actor, subject, details FROM audit WHERE action = 'import_customers' ORDER BY id",
    """
    SELECT file, status, rows, figures, told, mark FROM customer_import ORDER BY id DESC LIMIT 1
    """,
)


def _file(folder: Path) -> Path:
    """Write a file with everything that must come out the same: flaws, doubles, a household."""
    rows = []
    for at in range(1, 90):
        number, phone = f"C{at:03}", f"0661{at:06}"
        if at % 7 == 0:
            phone = f"661{at:06}"
        if at % 11 == 0:
            phone = "12"
        if at in {41, 62}:
            # Refused: it stands in an earlier row, of a part that may be stored already.
            number = "C005"
        name = "" if at == 50 else f"Customer {at}"
        rows.append(f"{number};{name};{phone};one@x.test;H1;sms:promotional;?")
    path = folder / "customers.csv"
    heads = "number;name;phone;email;household;consented;colour"
    path.write_text("\n".join([heads, *rows]) + "\n", encoding="utf-8")
    return path


def _everything(url: str) -> list[list[tuple[Any, ...]]]:
    """Read all that an import writes, but for times, and numbers that the database gives."""
    with psycopg.connect(url) as connection:
        return [connection.execute(query).fetchall() for query in _WRITTEN]


@contextmanager
def _held(url: str, number: str) -> Iterator[Callable[[], bool]]:
    """Hold a customer, and tell whether somebody waits for them."""
    with psycopg.connect(url) as connection:
        query = "SELECT FROM customer WHERE number = %s FOR UPDATE"
        connection.execute(query, [number])
        yield lambda: waiters(connection) > 0
        connection.rollback()


class Killed:
    """The command in a process that is killed when it comes to a customer."""

    def __init__(self, url: str, home: Path, *words: str) -> None:
        """Keep what is asked for."""
        self._url = url
        self._words = words
        self._environment = {
            **os.environ,
            "BROADCASTER_HOME": str(home),
            "BROADCASTER_DATABASE_URL": url,
            "PYTHONPATH": str(ROOT),
        }

    def at(self, number: str, meanwhile: Callable[[], None] = lambda: None) -> str:
        """Run it until it wants to change them, and kill it; what it said until then."""
        with (
            _held(self._url, number) as waited,
            subprocess.Popen(  # noqa: S603  (our own words)
                [sys.executable, "-c", _COMMAND, *self._words],
                env=self._environment,
                stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
            ) as process,
        ):
            try:
                wait(lambda: waited() or process.poll() is not None)
                assert process.poll() is None
                meanwhile()
            finally:
                process.send_signal(signal.SIGKILL)
            _, said = process.communicate()
        return said


def _mark(url: str) -> tuple[Any, ...]:
    query = "SELECT status, mark ->> 'records' FROM customer_import ORDER BY id DESC LIMIT 1"
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone() or ()


def test_it_ends_as_if_it_had_never_been_killed(
    run: Run,
    database_url: str,
    empty_database_url: str,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed in the first part, in later ones and while it marks who has left."""
    monkeypatch.setattr(running, "PART", _PART)
    schema.upgrade(empty_database_url)
    before = tmp_path / "before.csv"
    before.write_text(_BEFORE, encoding="utf-8")
    file = _file(tmp_path)
    reports = tmp_path / "undisturbed-report.csv", tmp_path / "report.csv"
    words = ["customers", "import", str(file), "--snapshot", "--allow-leaving", "30", "--json"]
    words += ["--in-parts", "--by", "Rabia"]

    monkeypatch.setenv("BROADCASTER_DATABASE_URL", empty_database_url)
    assert run("customers", "import", str(before), "--by", "Rabia").code == 0
    undisturbed = run(*words, "--report", str(reports[0]))
    assert json.loads(undisturbed.out)["left"] == 1
    expected = _everything(empty_database_url)
    assert [line[0] for line in expected[5]] == ["Rabia", "Rabia"]

    monkeypatch.setenv("BROADCASTER_DATABASE_URL", database_url)
    run("customers", "import", str(before), "--by", "Rabia")
    killed = Killed(database_url, home, *words, "--report", str(reports[1]))
    assert killed.at("C003") == ""
    assert _mark(database_url) == ("running", None)

    assert killed.at("C030") == ""
    assert _mark(database_url) == ("running", "20")
    assert "It goes on after row 21: 20 customers are stored." in killed.at("C055")
    assert _mark(database_url) == ("running", "40")
    _what_is_not_the_same_is_refused(run, words, file)
    said = killed.at("LEFT", lambda: _another_one_is_refused(run, file, monkeypatch))
    assert "It goes on after row 41: 40 customers are stored." in said

    resumed = run(*words, "--report", str(reports[1]))
    assert "86 customers are stored" in resumed.err
    assert resumed.out == undisturbed.out
    assert reports[1].read_bytes() == reports[0].read_bytes()
    assert _everything(database_url) == expected
    listed = json.loads(run("customers", "imports", "--json").out)
    assert [(one["status"], one["by"]) for one in listed] == [
        ("done", "Rabia"),
        ("lost", "Rabia"),
        ("done", "Rabia"),
    ]
    again = json.loads(run(*words).out)
    assert (again["inserted"], again["updated"], again["unchanged"]) == (0, 0, 86)


def _another_one_is_refused(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at the same time can't be, in parts or not."""
    with monkeypatch.context() as patched:
        patched.setattr(importing, "_PATIENCE", timedelta(milliseconds=1))
        for more in ((), ("--in-parts",), ("--dry-run",)):
            said = run("customers", "import", str(file), *more)
            assert said.code == 2
            assert "Import 3 is running. Try again when it has ended." in said.err


def _what_is_not_the_same_is_refused(run: Run, words: list[str], file: Path) -> None:
    """It says what differs, and how to begin anew; nothing is stored then."""
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace("Customer 80", "Customer 81"), encoding="utf-8")
    said = run(*words, "--as-of", "2026-01-01", "--region", "FR")
    assert said.code == 2
    assert (
        "customers.csv: was ended half way, after row 41 (import 3), and is not the same now: "
        "what it holds, how it is to be read, when it was true. Give it as it was"
    ) in " ".join(said.err.split())
    assert "--anew" in said.err
    file.write_text(before, encoding="utf-8")
    listed = json.loads(run("customers", "imports", "--unfinished", "--json").out)
    assert [(one["id"], one["stored"], one["row"]) for one in listed] == [(3, 40, 41)]
    assert "ended half way" in run("customers", "imports").out
    assert run("customers", "imports", "--forget", "2").code == 2


class Noted:
    """Marks that are kept in memory; `cut` parts are noted, and then the power fails."""

    def __init__(self, cut: int) -> None:
        """Nothing is stored."""
        self.mark = Mark()
        self.cut = cut

    def row_of(self, records: int) -> int:
        """Give its row."""
        return records + 1

    def note(self, connection: Connection[Any], mark: Mark) -> None:
        """Keep the mark, or fail before the part is."""
        del connection
        if self.cut == 0:
            raise KeyboardInterrupt
        self.cut -= 1
        self.mark = mark


def test_wherever_it_is_cut_the_figures_are_those_of_one_run(
    pool: LedgerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first part, between any two, and after the last."""
    monkeypatch.setattr(running, "PART", 3)
    customers = Customers(pool)
    everybody = [customer(number) for number in range(1, 12)]
    customers.save(everybody[:5])
    changed = [customer(number, name="New") for number in range(4, 15)]
    for cut in range(5):
        noted = Noted(cut)
        with pool.connection() as connection:
            connection.execute("TRUNCATE customer CASCADE")
        customers.save(everybody[:5])
        if cut < 4:
            with pytest.raises(KeyboardInterrupt):
                customers.save_in_parts(changed, noted, snapshot=Snapshot(most=60))
            assert noted.mark.records == 3 * cut
            assert customers.count() == max(5, 3 + 3 * cut)
            noted.cut = 9
        saved = customers.save_in_parts(changed, noted, snapshot=Snapshot(most=60))
        assert saved == Saved(inserted=9, updated=2, left=3)
        assert customers.count() == 11
