"""Comparing the ledger with what the simulated networks received."""

import json
from pathlib import Path

from broadcaster.cli.demo.records import compare, copy
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import Channel

STATUS = DeliveryStatus


def _network(folder: Path, **received: list[str]) -> Path:
    field = {"sms": "to", "email": "to", "push": "address"}
    for channel, addresses in received.items():
        lines = [json.dumps({field[channel]: address}) + "\n" for address in addresses]
        (folder / f"{channel}.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


def test_accounts_that_match_agree(tmp_path: Path) -> None:
    """Delivered, accepted and undelivered messages were received once; refused ones never."""
    folder = _network(tmp_path, sms=["+1", "+2"], email=["a@x.test"])
    ledger = [
        (Channel.SMS, "+1", STATUS.DELIVERED),
        (Channel.SMS, "+2", STATUS.UNDELIVERED),
        (Channel.SMS, "+3", STATUS.REJECTED),
        (Channel.EMAIL, "a@x.test", STATUS.ACCEPTED),
    ]
    comparison = compare(ledger, folder)
    assert comparison.agrees
    assert comparison.received == 3


def test_a_message_that_no_network_received_is_missed(tmp_path: Path) -> None:
    """The ledger must not claim more than happened."""
    comparison = compare([(Channel.SMS, "+1", STATUS.DELIVERED)], tmp_path)
    assert (comparison.agrees, comparison.missing) == (False, 1)


def test_a_message_told_twice_is_found(tmp_path: Path) -> None:
    """Twice at one address is twice, whatever the ledger says."""
    folder = _network(tmp_path, push=["token", "token"])
    comparison = compare([(Channel.PUSH, "token", STATUS.DELIVERED)], folder)
    assert (comparison.agrees, comparison.twice) == (False, 1)


def test_a_message_that_the_ledger_does_not_know_is_unexplained(tmp_path: Path) -> None:
    """What was refused in the ledger must not have arrived."""
    folder = _network(tmp_path, sms=["+1"])
    comparison = compare([(Channel.SMS, "+1", STATUS.REJECTED)], folder)
    assert (comparison.agrees, comparison.unexplained) == (False, 1)


def test_what_is_in_doubt_may_or_may_not_have_arrived(tmp_path: Path) -> None:
    """Doubt is listed, and is no disagreement."""
    folder = _network(tmp_path, sms=["+1"])
    ledger = [(Channel.SMS, "+1", STATUS.UNKNOWN), (Channel.SMS, "+2", STATUS.UNKNOWN)]
    comparison = compare(ledger, folder)
    assert (comparison.agrees, comparison.doubt) == (True, 2)


def test_a_dump_has_a_file_for_every_channel(tmp_path: Path) -> None:
    """A channel that received nothing has an empty file."""
    source, target = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    target.mkdir()
    copy(_network(source, sms=["+1"]), target)
    assert {path.name for path in target.iterdir()} == {"sms.jsonl", "email.jsonl", "push.jsonl"}
    assert (target / "email.jsonl").read_text(encoding="utf-8") == ""
