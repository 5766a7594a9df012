"""From a database in plain to a sealed one, and to the next key, by commands."""

import base64
import json
from pathlib import Path

import pytest

from broadcaster.audience.store import Customers
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.sealing import begin
from broadcaster.settings import load
from tests.builders import customer
from tests.commands import Run, run
from tests.rows import Pool, Rows
from tests.vaults import dump

__all__ = ["run"]

_PHONE = "+212610000001"


def test_a_database_with_customers_is_sealed_when_somebody_says_so(
    pool: Pool, run: Run, home: Path
) -> None:
    """Before, everything works in plain; after, nobody reads it without the file."""
    Customers(pool).save([customer(1), customer(2)])
    assert "The database is not sealed" in run("keys", "status").out
    assert "Make one with 'broadcaster keys make'" in run("keys", "rotate").err
    found = {one["what"]: one for one in json.loads(run("doctor", "--json").out)}
    assert found["personal data"]["state"] == "off"
    said = run("keys", "make")
    assert (said.code, f"Key 1 is in {home / 'data_keys'}" in said.out) == (0, True)
    assert "Key 1 is here and not used yet" in run("keys", "status").out
    assert run("customers", "count").code == 0
    assert _PHONE in dump(pool)
    assert run("keys", "rotate").out == "6 rows are sealed with key 1; none is left.\n"
    assert _PHONE not in dump(pool)
    found = {one["what"]: one for one in json.loads(run("doctor", "--json").out)}
    assert found["personal data"]["word"] == "sealed with key 1"

    assert "Key 2 is in" in run("keys", "make").out
    rotated = json.loads(run("keys", "rotate", "--by", "amina", "--json").out)
    assert rotated == {"key": 2, "sealed": 6, "retired": [1]}
    standing = json.loads(run("keys", "status", "--json").out)
    assert [(key["number"], key["rows"]) for key in standing["keys"]] == [(1, 0), (2, 6)]
    assert "key 1: 0 rows, retired" in run("keys", "status").out
    trail = Rows(pool).ask("SELECT action, subject FROM audit WHERE actor = 'amina' ORDER BY id")
    assert trail == [("key_noted", "data key 2"), ("key_retired", "data key 1")]

    (home / "data_keys").rename(home / "elsewhere")
    said = run("customers", "count")
    assert (said.code, "has no key 2" in said.err) == (2, True)


def test_an_empty_database_is_sealed_from_its_first_day(
    pool: Pool, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When there is a key; a file is not made where keys are given as text."""
    key = base64.b64encode(bytes([1]) * 32).decode()
    assert run("db", "upgrade").code == 0
    assert "not sealed" in run("keys", "status").out
    monkeypatch.setenv("BROADCASTER_DATA_KEYS", f"1={key}")
    assert "BROADCASTER_DATA_KEYS is set" in run("keys", "make").err
    assert run("db", "upgrade").code == 0
    assert run("customers", "make", "5", "--seed", "1").code == 0
    assert Rows(pool).ask("SELECT count(*) FROM customer WHERE name IS NULL") == [(5,)]
    assert not (home / "data_keys").exists()
    monkeypatch.setenv("BROADCASTER_DATA_KEYS", "1=secret-of-ours")
    said = run("customers", "count")
    assert (said.code, "is no key" in said.err, "secret" in said.err) == (2, True, False)


def test_a_home_with_its_own_database_makes_its_own_key(
    database_url: str, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And says so, once."""
    settings = load({"BROADCASTER_HOME": str(home)})
    assert settings.embedded_database
    for _ in range(2):
        runtime = Runtime(settings, database_url, "redis://127.0.0.1:1/0")
        begin(runtime)
        assert runtime.rotation.status()[0][0].number == 1
        runtime.close()
    assert (home / "data_keys").stat().st_mode & 0o777 == 0o600
    assert [one.levelname for one in caplog.records if "made a key" in one.message] == ["WARNING"]
