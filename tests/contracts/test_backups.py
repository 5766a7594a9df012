"""Backups that return whole, restored databases that blast nothing, and accounts of few rights."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo

from broadcaster.bootstrap.backups import backup, rehearse, restore, unpack
from broadcaster.domain.delivery import DeliveryId
from broadcaster.errors import ConflictError, DamagedError, InvalidInputError
from broadcaster.ledger.pool import open_pool
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.settings import Settings, load
from tests.builders import NOON, recorded, submission
from tests.rows import Pool, Rows

_GRANTS = Path(__file__).parents[2] / "docs" / "operating" / "grants.sql"


@pytest.fixture
def settings(home: Path) -> Settings:
    """Settings of a home folder with a file of settings and a key."""
    home.mkdir(exist_ok=True)
    (home / "settings.env").write_text("BROADCASTER_REGION=MA\n")
    return load({"BROADCASTER_HOME": str(home)})


def _filled(pool: Pool) -> int:
    rows = Rows(pool)
    campaign = rows.running()
    rows.claimed(campaign, [1, 2])
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 1)))], NOON)
    return campaign


def test_a_backup_returns_whole_and_what_it_restores_waits_for_a_word(
    settings: Settings, database_url: str, empty_database_url: str, pool: Pool, tmp_path: Path
) -> None:
    """Every table row for row; what was running is on hold, so that nothing leaves twice."""
    campaign = _filled(pool)
    folder = tmp_path / "monday"
    made = backup(settings, database_url, folder)
    assert made.rows > 0
    assert {path.stat().st_mode & 0o077 for path in [folder, *folder.iterdir()]} == {0}
    # What happens after the backup is not in it, and its number is not given again.
    lost = Rows(pool).draft(name="another")
    Rows(pool).ledger.record([recorded(submission(DeliveryId(campaign, 2)))], NOON)
    back = restore(empty_database_url, folder)
    assert (back.rows, back.held) == (made.rows, [campaign])
    restored = open_pool(empty_database_url, size=2, name="tests")
    rows = Rows(restored)
    assert rows.ask("SELECT status FROM campaign") == [("paused",)]
    ((why,),) = rows.ask("SELECT hold_reason FROM campaign")
    assert "what left since is not known" in why
    assert rows.draft(name="a new one") > lost + 1000
    calendar = PostgresCalendar(restored)
    calendar.expire(NOON.replace(year=2030))
    assert not calendar.due_campaigns(NOON)
    restored.close()
    with pytest.raises(ConflictError, match="has tables"):
        restore(empty_database_url, folder)
    unpack(folder, tmp_path / "home", keys=True)
    assert {path.name for path in (tmp_path / "home").iterdir()} >= {"settings.env", "secret_key"}


def test_a_rehearsal_leaves_nothing_behind(
    settings: Settings, database_url: str, pool: Pool
) -> None:
    """It makes a backup, restores it beside the database, compares, and drops both."""
    campaign = _filled(pool)
    assert rehearse(settings, database_url).held == [campaign]
    query = "SELECT count(*) FROM pg_database WHERE starts_with(datname, 'broadcaster_rehearsal')"
    rows = Rows(pool)
    assert rows.ask(query) == [(0,)]
    assert rows.ask("SELECT status FROM campaign") == [("running",)]
    assert not [path for path in settings.home.iterdir() if path.name.startswith("broadcaster-")]


def test_a_damaged_backup_is_refused_before_anything_is_written(
    settings: Settings, database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    """One changed octet, a table that the manifest knows otherwise, a missing manifest."""
    folder = tmp_path / "backup"
    backup(settings, database_url, folder)
    with pytest.raises(InvalidInputError, match="is there already"):
        backup(settings, database_url, folder)
    copy = folder / "database.dump"
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-1] + b"x")
    with pytest.raises(DamagedError):
        restore(empty_database_url, folder)
    copy.write_bytes(whole)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["tables"]["campaign"] = [7, "7"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ConflictError, match="campaign"):
        restore(empty_database_url, folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(DamagedError):
        restore(empty_database_url, folder)
    with tarfile.open(folder / "home.tar") as archive:
        assert "secret_key" not in archive.getnames()


@pytest.fixture
def app_url(database_url: str) -> Iterator[str]:
    """This test's database as the services' account, with the rights of the script alone."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_GRANTS.read_bytes())
    yield make_conninfo(database_url, user="broadcaster_app")
    with psycopg.connect(database_url, autocommit=True) as connection:
        for role in ("broadcaster_app", "broadcaster_owner"):
            connection.execute(f"REASSIGN OWNED BY {role} TO CURRENT_USER")
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")


def test_services_work_with_few_rights(app_url: str, database_url: str) -> None:
    """A campaign is planned, sent and recorded; the audit can't be changed, nor a table dropped."""
    pool = open_pool(app_url, size=4, name="tests")
    campaign = _filled(pool)
    rows = Rows(pool)
    assert rows.ask("SELECT count(*) FROM delivery WHERE campaign_id = %s", campaign) != [(0,)]
    pool.close()
    with psycopg.connect(app_url, autocommit=True) as connection:
        for forbidden in (
            "DELETE FROM audit",
            "UPDATE alembic_version SET version_num = '0001'",
            "DROP TABLE customer",
            "ALTER TABLE campaign DISABLE TRIGGER ALL",
            "CREATE ROLE intruder",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())
    with psycopg.connect(make_conninfo(database_url, user="broadcaster_owner")) as owner:
        owner.execute("ALTER TABLE delivery ADD COLUMN later text")
        owner.execute("CREATE TABLE later (id integer)")
        owner.commit()
        with psycopg.connect(app_url) as connection:
            connection.execute("INSERT INTO later VALUES (1)")
        owner.execute("DROP TABLE later")
