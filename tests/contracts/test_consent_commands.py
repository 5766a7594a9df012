"""`broadcaster consent` and `broadcaster suppressions` on a real database."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from broadcaster.audience.store import Customers
from broadcaster.domain.message import Channel, MessageClass
from tests.builders import customer
from tests.commands import Run, run
from tests.rows import Pool, Rows

__all__ = ["run"]

_PHONE = "+212610000001"
_TWILIO = f"""\
contact_id,status,source,date_of_consent
{_PHONE},opt-out,website,2025-02-28T10:05:27Z
+212610000009,opt-in,website,
"""


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give a database with two customers, of whom one agreed to advertising by mail."""
    agreed = ((Channel.EMAIL, MessageClass.PROMOTIONAL),)
    Customers(pool).save([customer(1, consented=agreed), customer(2)])
    return Rows(pool)


def _allowed(standing: Mapping[str, Any]) -> str:
    """Give the first letters of the classes that may go out."""
    order = ("promotional", "service", "safety")
    return "".join(one[0] for one in order if standing["classes"][one]["allowed"])


def _by_channel(run: Run, number: str = "C000001") -> dict[str, str]:
    said = json.loads(run("consent", "show", number, "--json").out)
    return {one["channel"]: _allowed(one) for one in said}


def test_a_refusal_is_recorded_with_its_proof_and_taken_back(run: Run, rows: Rows) -> None:
    """Service messages end, advertising too, and what protects life goes on."""
    assert _by_channel(run) == {"sms": "ss", "email": "pss"}
    words = ("--scope", "service", "--proof", "letter of 3 March, file 12", "--by", "amina")
    said = json.loads(
        run("consent", "record", "C000001", "--refuse", "--channel", "email", *words, "--json").out
    )
    assert len(said["records"]) == 1
    assert _by_channel(run) == {"sms": "ss", "email": "s"}
    shown = run("consent", "show", "C000001").out
    assert "letter of 3 March, file 12" in shown
    assert "told although no by operator" in " ".join(shown.split())
    assert run("consent", "record", "C000001", "--grant", "--channel", "email", *words).code == 0
    assert _by_channel(run) == {"sms": "ss", "email": "ss"}, "advertising needs its own consent"
    lines = rows.ask("SELECT actor, action, subject, details FROM audit ORDER BY id")
    assert [line[:2] for line in lines] == [
        ("amina", "consent_refused"),
        ("amina", "consent_granted"),
    ]
    assert lines[0][3]["before"] == {"email": ["service", "promotional", "safety"]}
    assert lines[0][3]["after"] == {"email": ["safety"]}
    assert "@" not in json.dumps([line[3] for line in lines])


def test_an_order_holds_for_every_address_until_an_order_lifts_it(run: Run, rows: Rows) -> None:
    """What the customer says meanwhile does not."""
    common = ("--scope", "everything", "--channel", "sms")
    order = ("--source", "order", "--proof", "court of Casablanca, 12/2026")
    assert run("consent", "record", "C000001", "--refuse", *common, *order).code == 0
    assert run("consent", "record", "C000001", "--grant", *common, "--proof", "a call").code == 0
    assert _by_channel(run)["sms"] == ""
    assert run("consent", "record", "C000001", "--grant", *common, *order).code == 0
    assert _by_channel(run)["sms"] == "ss"
    assert rows.ask("SELECT count(*) FROM customer_suppression") == [(0,)]


def test_a_list_bars_addresses_once_and_reports_what_it_can_not_read(
    run: Run, rows: Rows, tmp_path: Path
) -> None:
    """Dry first; an address that nobody has yet is barred for whoever comes with it."""
    path, report = tmp_path / "list.csv", tmp_path / "refused.csv"
    path.write_text(
        "address,scope,reason,date,proof\n"
        f"{_PHONE},,stop,2026-01-02,\n"
        "nobody@example.test,promotional,unsubscribe,2026-01-02T10:00:00+01:00,form 7\n"
        "customer2@example.test,everything,order,2026-01-02,\n"
        "=cmd(),,,,\n"
        "customer2@example.test,,bounce,2999-01-01,\n"
        "+212610000002,,bounce,,\n"
        "customer2@example.test,,opt-in,,\n"
        "customer2@example.test,,because,,\n"
        "customer2@example.test,some,,,\n",
        encoding="utf-8",
    )
    dry = json.loads(run("suppressions", "import", str(path), "--dry-run", "--json").out)
    assert (dry["rows"], dry["refused"], dry["recorded"]) == (9, 7, 0)
    assert rows.ask("SELECT count(*) FROM consent_record WHERE customer_id IS NULL") == [(0,)]
    columns = [(one["row"], one["column"]) for one in dry["findings"]]
    assert columns == [
        (4, "proof"),
        (5, "address"),
        (6, "date"),
        (7, "reason"),
        (8, "reason"),
        (9, "reason"),
        (10, "scope"),
    ]
    done = json.loads(
        run("suppressions", "import", str(path), "--report", str(report), "--json").out
    )
    assert (done["recorded"], done["known"]) == (2, 0)
    again = json.loads(run("suppressions", "import", str(path), "--json").out)
    assert (again["recorded"], again["known"]) == (0, 2)
    assert "'=cmd()" in report.read_text("utf-8-sig")
    assert _by_channel(run)["sms"] == ""
    Customers(rows.pool).save(
        [customer(3, addresses=(), consented=((Channel.EMAIL, MessageClass.PROMOTIONAL),))]
    )
    proofs = rows.ask(
        "SELECT proof, source, recorded_by FROM consent_record WHERE customer_id IS NULL"
        " ORDER BY id"
    )
    assert [one[:2] for one in proofs] == [
        ("list.csv, row 2", "stop"),
        ("form 7; list.csv, row 3", "list"),
    ]
    (line,) = rows.ask("SELECT action, details FROM audit WHERE action LIKE 'suppressions%%'")
    assert line[1] == {"file": "list.csv", "recorded": 2, "last_row": 3}


@pytest.mark.parametrize(
    ("text", "barred"),
    [
        ("0610000001\n0610000009\n", "s"),
        (_TWILIO, "s"),
        ("Phone Number;Reason\n+212 6 10 00 00 01;21610\n", ""),
    ],
)
def test_lists_of_others_are_understood(
    run: Run, rows: Rows, tmp_path: Path, text: str, barred: str
) -> None:
    """A plain one, Twilio's, and one with semicolons."""
    assert rows.ask("SELECT count(*) FROM customer") == [(2,)]
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    assert run("suppressions", "import", str(path)).code == 0
    assert _by_channel(run)["sms"] == barred


def test_a_list_of_amazon_ses_is_understood(run: Run, rows: Rows, tmp_path: Path) -> None:
    """A complaint leaves what protects life; a mailbox that bounced takes nothing."""
    path = tmp_path / "ses.csv"
    path.write_text(
        "EmailAddress,Reason,LastUpdateTime\n"
        "customer1@example.test,COMPLAINT,1700000000.25\n"
        "customer2@example.test,BOUNCE,2026-01-02T10:00:00Z\n",
        encoding="utf-8",
    )
    assert run("suppressions", "import", str(path)).code == 0
    assert _by_channel(run)["email"] == "s"
    assert _by_channel(run, "C000002")["email"] == ""
    assert rows.ask("SELECT min(at)::date::text FROM suppression") == [("2023-11-14",)]


def test_a_bar_is_lifted_with_a_reason_and_a_proof_and_an_order_by_an_order(
    run: Run, rows: Rows, tmp_path: Path
) -> None:
    """What a list says of a date before the lifting does not bring it back."""
    path = tmp_path / "list.csv"
    path.write_text(f"address,reason\n{_PHONE},stop\n", encoding="utf-8")
    assert run("suppressions", "import", str(path)).code == 0
    words = ("--reason", "the holder wrote START", "--proof", "carrier's ticket 9")
    lifted = json.loads(run("suppressions", "lift", _PHONE, *words, "--json").out)
    assert lifted["lifted"] == {"carrier": ["service", "promotional", "safety"]}
    assert _by_channel(run)["sms"] == "ss"
    assert run("suppressions", "import", str(path)).code == 0
    assert _by_channel(run)["sms"] == "ss"
    again = run("suppressions", "lift", _PHONE, *words)
    assert again.code == 2
    assert "Nothing bars" in again.err

    order = ("--refuse", "--scope", "everything", "--source", "order", "--proof", "order 7")
    assert run("consent", "record", "--address", _PHONE, *order).code == 0
    refused = run("suppressions", "lift", _PHONE, *words)
    assert refused.code == 2
    assert "only an order lifts" in refused.err
    assert _by_channel(run)["sms"] == ""
    assert run("suppressions", "lift", _PHONE, *words, "--order", "order 8").code == 0
    assert _by_channel(run)["sms"] == "ss"
    last = rows.ask("SELECT proof, source FROM consent_record ORDER BY id DESC LIMIT 1")
    assert last == [("order order 8; the holder wrote START; carrier's ticket 9", "order")]
    assert rows.ask("SELECT count(*) FROM audit WHERE action = 'suppression_lifted'") == [(2,)]


def test_the_list_is_masked_and_the_export_is_safe_and_can_be_imported(
    run: Run, rows: Rows, tmp_path: Path
) -> None:
    """It bars the same addresses on the same grounds in another database."""
    assert rows.ask("SELECT count(*) FROM customer") == [(2,)]
    order = ("--refuse", "--scope", "everything", "--source", "order", "--proof", "order 7")
    assert run("consent", "record", "--address", _PHONE, *order).code == 0
    said = run("suppressions", "list")
    assert _PHONE not in said.out
    assert "+212…01" in said.out
    listed = json.loads(run("suppressions", "list", "--json", "--channel", "sms").out)
    assert listed["counts"] == [
        {"channel": "sms", "ground": "order", "reason": "order", "addresses": 1}
    ]
    target = tmp_path / "out.csv"
    assert json.loads(run("suppressions", "export", "--to", str(target), "--json").out) == {
        "file": str(target),
        "addresses": 1,
        "erased": 0,
    }
    assert f"'{_PHONE}" in target.read_text("utf-8-sig")
    assert run("suppressions", "export", "--to", str(target)).code == 2
    dry = json.loads(run("suppressions", "import", str(target), "--dry-run", "--json").out)
    assert (dry["rows"], dry["refused"]) == (1, 0)
    assert rows.ask("SELECT count(*) FROM audit WHERE action = 'suppressions_exported'") == [(1,)]


def test_an_erased_address_is_counted_and_not_exported(
    run: Run, rows: Rows, tmp_path: Path
) -> None:
    """It bars here, and nobody else could read it."""
    refuse = ("--refuse", "--scope", "service", "--proof", "letter 7")
    for who in (_PHONE, "+212610000009"):
        assert run("consent", "record", "--address", who, *refuse).code == 0
    rows.tell("UPDATE address SET value = NULL, digest = '\\x01' WHERE value = %s", _PHONE)
    target = tmp_path / "out.csv"
    said = run("suppressions", "export", "--to", str(target))
    assert said.out.splitlines()[0] == f"1 rows in {target}."
    assert "1 erased addresses stay barred here" in said.out
    lines = target.read_text("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "+212610000009" in lines[1]
    assert run("suppressions", "import", str(target), "--dry-run").code == 0


def test_a_time_without_a_zone_is_the_utility_s(
    run: Run, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the machine is: typed, or in a list."""
    monkeypatch.setenv("BROADCASTER_TIME_ZONE", "Asia/Tokyo")
    words = ("--refuse", "--scope", "service", "--proof", "call 9", "--at", "2026-03-01")
    assert run("consent", "record", "C000001", *words).code == 0
    path = tmp_path / "list.csv"
    path.write_text(f"address,date\n{_PHONE},2026-03-01T00:00\n", encoding="utf-8")
    assert run("suppressions", "import", str(path)).code == 0
    path.write_text("address\n+212610000009\n", encoding="utf-8")
    assert run("suppressions", "import", str(path), "--as-of", "2026-03-01").code == 0
    query = "SELECT DISTINCT at AT TIME ZONE 'UTC' FROM consent_record WHERE NOT granted"
    said = rows.ask(query)
    assert [str(at) for (at,) in said] == ["2026-02-28 15:00:00"]
    assert "time zone" in run("consent", "record", "--help").out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("consent", "show"), "exclude each other"),
        (("consent", "show", "C9"), "there is no customer"),
        (("consent", "show", "--address", "0522312020"), "fixed line"),
        (("consent", "show", "--address", "+212610000077"), "known of no customer"),
        (("consent", "record", "C1", "--scope", "service", "--proof", "x"), "Give one of the two"),
        (("consent", "record", "C000001", "--grant", "--scope", "some", "--proof", "x"), "--scope"),
        (
            ("consent", "record", "C000001", "--grant", "--scope", "service", "--proof", " "),
            "--proof",
        ),
        (
            (
                *("consent", "record", "C000001", "--grant", "--scope", "service"),
                *("--proof", "x", "--at", "2999-01-01"),
            ),
            "in the future",
        ),
        (
            (
                *("consent", "record", "C000001", "--refuse", "--scope", "service"),
                *("--proof", "x", "--source", "page"),
            ),
            "not for people",
        ),
        (
            (
                *("consent", "record", "--address", _PHONE, "--grant", "--scope", "service"),
                *("--proof", "x"),
            ),
            "can't consent by itself",
        ),
        (
            (
                *("consent", "record", "C000001", "--refuse", "--scope", "everything"),
                *("--proof", "x", "--source", "stop", "--channel", "email"),
            ),
            "tells a carrier to stop",
        ),
        (
            (
                *("consent", "record", "C000001", "--grant", "--scope", "service"),
                *("--proof", "x", "--source", "complaint"),
            ),
            "nobody agrees by a complaint",
        ),
        (("suppressions", "import", "nowhere.csv"), "does not exist"),
        (("suppressions", "list", "--ground", "mood"), "--ground"),
        (("suppressions", "show", "nobody@nowhere.test"), "known of no customer"),
    ],
)
def test_faults_are_one_line(run: Run, rows: Rows, words: tuple[str, ...], expected: str) -> None:
    """What is wrong with the input is said in one line that repeats no address; nothing is kept."""
    before = rows.ask("SELECT count(*) FROM consent_record")
    said = run(*words)
    assert said.code == 2
    assert expected in said.err
    assert said.err.count("\n") == 1
    assert "610000077" not in said.err
    assert "nobody@" not in said.err
    assert rows.ask("SELECT count(*) FROM consent_record") == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name,reason\nx,y\n", "neither an address nor a header"),
        ("address,phone\n1,2\n", "two columns"),
        ("address\nx\n", "none of its 1 rows"),
        ("address,reason\n", "has no rows"),
    ],
)
def test_what_is_no_list_changes_nothing(
    run: Run, rows: Rows, tmp_path: Path, text: str, expected: str
) -> None:
    """It is said what is missing."""
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    said = run("suppressions", "import", str(path))
    assert said.code == 2
    assert expected in said.err
    assert rows.ask("SELECT count(*) FROM suppression") == [(0,)]


def test_a_list_that_breaks_half_way_changes_nothing(run: Run, rows: Rows, tmp_path: Path) -> None:
    """The whole file is looked at first."""
    path = tmp_path / "list.csv"
    path.write_text(f'address\n{_PHONE}\n"+2126', encoding="utf-8")
    assert run("suppressions", "import", str(path)).code == 2
    assert rows.ask("SELECT count(*) FROM suppression") == [(0,)]


def test_the_date_of_a_file_decides_whether_its_consents_count(
    run: Run, rows: Rows, tmp_path: Path
) -> None:
    """Without one, or before the refusal, they don't; how many is said."""
    words = ("--scope", "promotional", "--proof", "call 9", "--channel", "email")
    at = ("--at", "2026-03-01")
    assert run("consent", "record", "C000001", "--refuse", *words).code == 0
    path = tmp_path / "customers.csv"
    path.write_text(
        "number,name,email,consented\nC000001,Amina,customer1@example.test,email\n"
        "C000002,Karim,customer2@example.test,\n",
        encoding="utf-8",
    )
    said = json.loads(run("customers", "import", str(path), "--json").out)
    assert said["consents_left"] == 1
    said = json.loads(run("customers", "import", str(path), "--as-of", "2026-03-02", "--json").out)
    assert said["consents_left"] == 1
    assert _by_channel(run)["email"] == "ss"

    assert run("consent", "record", "C000002", "--refuse", *words, *at).code == 0
    path.write_text(path.read_text("utf-8").replace("test,\n", "test,email\n"), encoding="utf-8")
    run("customers", "import", str(path), "--as-of", "2026-02-28")
    assert _by_channel(run, "C000002")["email"] == "ss"
    run("customers", "import", str(path), "--as-of", "2026-03-02")
    assert _by_channel(run, "C000002")["email"] == "pss"
    count = rows.ask("SELECT count(*) FROM consent_record")
    run("customers", "import", str(path), "--as-of", "2026-03-02")
    run("customers", "import", str(path))
    assert rows.ask("SELECT count(*) FROM consent_record") == count
    said_by = rows.ask("SELECT proof FROM consent_record WHERE source = 'import' ORDER BY id DESC")
    assert said_by[0] == ("customers.csv",)
