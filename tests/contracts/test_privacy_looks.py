"""One person: found, told what is held, and who looked."""

import json
from pathlib import Path

import pytest

from broadcaster import bootstrap
from broadcaster.audience.areas.store import Areas
from broadcaster.audience.areas.version import Listed
from broadcaster.audience.segments import Segments
from broadcaster.audience.store import Customers
from broadcaster.domain.message import Address, Channel
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.privacy.accesses import Accesses
from broadcaster.privacy.disclosure import Disclosure
from broadcaster.settings import load
from tests.builders import customer
from tests.commands import Run, run
from tests.rows import Pool, Rows
from tests.town import AMINA, SHARED, VALUES, Town, shown, town
from tests.vaults import sealed, vault

__all__ = ["run", "town"]

_NOBODY = "There is no customer of that number: look at it again, or it was erased already.\n"


def test_disclosure_gives_all_that_is_held(town: Town) -> None:
    """Every value, also from the files of archived campaigns, and what each part is."""
    town.archive(town.told("first"))
    town.told("second", channels=(Channel.SMS, Channel.EMAIL))
    given = Disclosure(town.pool, town.keys).collect(AMINA.number, "youssef", "request 12")
    assert shown(json.dumps(given, ensure_ascii=False, default=str)) == list(VALUES)
    assert given["addresses"][-1]["value"] == "https://push.example.test/of-amina"
    shared = {row["value"]: row["shared_with"] for row in given["addresses"]}
    assert shared["+212661999999"] == 1
    assert [row["campaign"] for row in given["messages"]] == ["second", "second"]
    assert [row["campaign"] for row in given["archived_messages"]] == ["first"]
    assert len(given["receipts"]) == 2
    assert [(one["by"], one["action"], one["purpose"]) for one in given["accesses"]] == [
        ("youssef", "disclose", "request 12")
    ]
    assert set(given["descriptions"]) == set(given) - {"descriptions"}


def test_disclosure_says_where_a_person_is_named_and_where_they_live(town: Town) -> None:
    """Lists and expressions by their names alone: others may be named in them too."""
    Segments(town.pool).save("her", f'number in ("{AMINA.number}", "C000008")')
    Segments(town.pool).save("namesakes", f'name = "{AMINA.name}"')
    Segments(town.pool).save("others", 'number = "C000008"')
    town.rows.draft(name="to her", expression=f'number = "{AMINA.number}"')
    for listed in (["C000008", AMINA.number], ["C000008"], [AMINA.number]):
        Areas(town.pool).save_lists(
            {"street": Listed(attribute="number", values=listed)}, "street.csv"
        )
    given = Disclosure(town.pool, town.keys).collect(AMINA.number, "youssef", "request 12")
    place = {"longitude": -7.6198712, "latitude": 33.5883114, "household": "meter-778-of-amina"}
    assert given["customer"].items() >= place.items()
    assert given["named_in"] == [
        {"segment": "her"},
        {"campaign": "to her"},
        {"segment": "namesakes"},
    ]
    assert [(one["area"], one["current"]) for one in given["areas"]] == [
        ("street", False),
        ("street", True),
    ]


def test_people_are_found_by_their_exact_address_and_each_look_is_noted(town: Town) -> None:
    """A household by its number; whoever lacks a key is not told that there is nobody."""
    accesses = Accesses(town.pool, town.keys)
    assert accesses.owners(SHARED, "youssef", "a call") == ["C000008", AMINA.number]
    assert accesses.owners(_other(SHARED), "youssef", "a call") == []
    seen = [(one.by, one.action, one.purpose) for one in accesses.of("C000008")]
    assert seen == [("youssef", "find", "a call")]
    with pytest.raises(InvalidInputError, match="--purpose"):
        accesses.owners(SHARED, "youssef", "  ")
    with pytest.raises(ConfigurationError, match="has no key 1"):
        Accesses(town.pool, vault()).owners(SHARED, "youssef", "a call")


def _other(address: Address) -> Address:
    """Give an address that nobody has."""
    return Address(scheme=address.scheme, value=address.value + "0", keys={})


def test_who_exported_a_campaign_looked_at_all_who_are_in_it(town: Town) -> None:
    """And at nobody else."""
    campaign = town.told("second")
    accesses = Accesses(town.pool, town.keys)
    accesses.record("youssef", "export", f"campaign {campaign}", "the board", {})
    town.settle([customer(11)])
    assert [one.subject for one in accesses.of(AMINA.number)] == [f"campaign {campaign}"]
    assert accesses.of("C000011") == []
    accesses.record("amina", "left_out", f"campaign {campaign}", "why", {})
    assert len(accesses.of(AMINA.number)) == 1
    town.rows.tell("UPDATE delivery SET status = 'suppressed' WHERE campaign_id = %s", campaign)
    assert [one.by for one in accesses.of(AMINA.number)] == ["youssef", "amina"]


def test_who_saw_names_in_a_sample_or_barred_addresses_looked_at_those_people(
    pool: Pool, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At nobody else; a sample without names and a masked list show nobody."""
    import base64  # noqa: PLC0415  (here alone)

    key = base64.b64encode(bytes([1]) * 32).decode()
    monkeypatch.setenv("BROADCASTER_DATA_KEYS", f"1={key}")
    keys = sealed(pool, 1)
    Customers(pool, keys).save([AMINA, customer(8, addresses=(SHARED,)), customer(9)])
    barred = tmp_path / "list.csv"
    barred.write_text(f"address,scope\n{SHARED.value},service\n", encoding="utf-8")
    assert run("suppressions", "import", str(barred), "--by", "amina").code == 0
    who = ("--by", "youssef", "--purpose", "the board")
    her = f'number = "{AMINA.number}"'
    for words in (
        ("segments", "sample", her),
        ("segments", "sample", her, "--names", *who),
        ("suppressions", "list"),
        ("suppressions", "export", "--to", str(tmp_path / "mail.csv"), "--channel", "email", *who),
        ("suppressions", "export", "--to", str(tmp_path / "all.csv"), *who),
    ):
        assert run(*words).code == 0
    assert "--purpose" in run("segments", "sample", her, "--names", "--purpose", " ").err
    accesses = Accesses(pool, keys)
    exported = ("youssef", "suppressions_exported", "the board")
    seen = {
        number: [(one.by, one.action, one.purpose) for one in accesses.of(number)]
        for number in (AMINA.number, "C000008", "C000009")
    }
    assert seen == {
        AMINA.number: [("youssef", "sample", "the board"), exported],
        "C000008": [exported],
        "C000009": [],
    }


def test_commands_find_disclose_erase_and_show_accesses(
    pool: Pool, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the words of an operator to what they read; the file is theirs alone."""
    import base64  # noqa: PLC0415  (here alone)

    key = base64.b64encode(bytes([1]) * 32).decode()
    monkeypatch.setenv("BROADCASTER_DATA_KEYS", f"1={key}")
    monkeypatch.setenv("USER", "youssef")
    Customers(pool, sealed(pool, 1)).save([AMINA, customer(8, addresses=(SHARED,))])
    why = ("--purpose", "request 12")
    said = run("customers", "find", "--address", "0661 23 45 67", *why)
    assert (said.code, said.out) == (0, f"{AMINA.number}\n")
    said = run("customers", "find", "--address", "nobody@example.test", *why, "--json")
    assert json.loads(said.out) == {"customers": []}
    assert "--address" in run("customers", "find", "--address", "12", *why).err
    out = tmp_path / "her.json"
    said = run("customers", "disclose", AMINA.number, "--out", str(out), *why)
    assert (said.code, "4 addresses" in said.out) == (0, True)
    assert out.stat().st_mode & 0o777 == 0o600
    assert json.loads(out.read_text("utf-8"))["customer"]["name"] == AMINA.name
    assert (
        "is there already"
        in run("customers", "disclose", AMINA.number, "--out", str(out), *why).err
    )
    listed = json.loads(run("customers", "accesses", AMINA.number, "--json").out)
    assert [(one["action"], one["by"]) for one in listed] == [
        ("find", "youssef"),
        ("disclose", "youssef"),
    ]
    assert "request 12" in run("customers", "accesses", AMINA.number).out
    said = run("customers", "erase", AMINA.number, "--reason", "asked for it")
    assert (said.code, "Erased: 3 addresses" in said.out) == (0, True)
    assert "1 addresses are also those of other customers" in said.out
    said = run("customers", "erase", AMINA.number, "--reason", "asked for it")
    assert (said.code, said.out) == (0, _NOBODY)
    assert "there is none of that number" in run("customers", "accesses", AMINA.number).err


def test_a_disclosed_message_has_its_words(pool: Pool, run: Run, tmp_path: Path) -> None:
    """As they read now for this person, and whether that is what was approved."""
    rows = Rows(pool)
    Customers(pool).save([customer(1)])
    run("segments", "save", "everybody", "all")
    kind = ("--kind", "remote_services", "--segment", "everybody", "--by", "amina")
    run("campaigns", "create", "notice", *kind)
    run("campaigns", "approve", "notice", "--by", "youssef")
    run("campaigns", "launch", "notice", "--by", "amina")
    with bootstrap.running(load()) as runtime:
        runtime.planner.plan(1, runtime.clock.now())
    rows.tell("UPDATE delivery SET attempts = 1, status = 'accepted' WHERE channel = 'sms'")
    for name in ("as approved", "changed"):
        out = tmp_path / f"{name}.json"
        run("customers", "disclose", "C000001", "--out", str(out), "--purpose", "request 12")
        messages = json.loads(out.read_text("utf-8"))["messages"]
        (told,) = (one for one in messages if one["channel"] == "sms")
        assert "Lydec" in told["text"]["body"]
        assert told["as_approved"] is (name == "as approved")
        assert all("text" not in one for one in messages if one["channel"] != "sms")
        rows.tell("UPDATE campaign SET approved_hash = 'other'")
