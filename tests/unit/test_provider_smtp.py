"""Mail over SMTP: one transaction each, kept connections, and what every reply means."""

import asyncio
import email
import email.policy
import logging
from collections.abc import Mapping
from dataclasses import replace

import pytest

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason
from broadcaster.domain.message import Address, EmailContent, Scheme
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Message, Submission
from broadcaster.providers import smtp
from broadcaster.providers.smtp import SmtpProvider
from tests import builders
from tests.networks import CUT, HANG, SmtpNetwork, context, options, unused_port

_E = DeliveryEvent


def _mail(number: int = 1, mailbox: str | None = None) -> Message:
    address = builders.address(Scheme.MAILTO, number)
    if mailbox is not None:
        address = Address(scheme=Scheme.MAILTO, value=mailbox, keys={})
    content = EmailContent(subject="ليدك", text=f"Bonjour {number}\n.\n", html="<p>Bonjour</p>")
    return builders.message(number, address=address, content=content)


def _provider(port: int, **changes: object) -> SmtpProvider:
    values = {
        "HOST": "127.0.0.1",
        "PORT": port,
        "TLS": "none",
        "FROM": "advisories@lydec.test",
        "FROM_NAME": "Lydec",
        "BOUNCE_DOMAIN": "bounces.lydec.test",
        "TIMEOUT": 5,
        **changes,
    }
    return smtp.build(options("smtp", **values), context())


def _submit(
    network: SmtpNetwork, *slices: list[Message], **changes: object
) -> list[list[Submission]]:
    async def scenario() -> list[list[Submission]]:
        async with network:
            provider = _provider(network.port, **changes)
            try:
                return [list(await provider.submit(messages)) for messages in slices]
            finally:
                await provider.aclose()

    return asyncio.run(scenario())


def _one(network: SmtpNetwork, **changes: object) -> Submission:
    return _submit(network, [_mail()], **changes)[0][0]


def test_mail_arrives_whole() -> None:
    """Envelope, headers and parts are what they must be, full stops included."""
    network = SmtpNetwork()
    submission = _one(network)
    assert submission.event is _E.ACCEPT
    assert network.commands[0] == "EHLO bounces.lydec.test"
    assert network.commands[1].startswith("MAIL FROM:<b+1-1-")
    assert "@bounces.lydec.test> SIZE=" in network.commands[1]
    assert network.commands[2] == "RCPT TO:<customer1@example.test>"
    assert network.commands[-1] == "QUIT"
    message = email.message_from_bytes(network.mails[0], policy=email.policy.default)
    assert message["Message-ID"] == f"<{submission.reference}>"
    assert message["To"] == "customer1@example.test"
    text = next(iter(message.iter_parts()))
    assert text.get_content().replace("\r\n", "\n") == "Bonjour 1\n.\n"


def test_delivery_status_is_asked_for_where_offered() -> None:
    """A relay that offers DSN is asked for news, with our id and the original recipient."""
    network = SmtpNetwork(extensions=("DSN",))
    mailbox = "a+b=c@example.test"
    _submit(network, [_mail(mailbox=mailbox)])
    assert network.commands[1].endswith("RET=HDRS ENVID=1-1")
    assert network.commands[2] == (
        f"RCPT TO:<{mailbox}> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@example.test"
    )


def test_message_id_is_the_same_for_every_attempt() -> None:
    """A repeat is recognised by its Message-ID; another delivery has another."""
    network = SmtpNetwork()
    first, again, other = _submit(network, [_mail()], [replace(_mail(), attempt=2)], [_mail(2)])
    assert first[0].reference == again[0].reference != other[0].reference


def test_a_mail_follows_the_one_that_its_address_got() -> None:
    """It names the Message-ID that the former delivery's mail had."""
    network = SmtpNetwork()
    first, _ = _submit(network, [_mail()], [replace(_mail(2), former=(DeliveryId(1, 1),))])
    message = email.message_from_bytes(network.mails[1], policy=email.policy.default)
    assert message["References"] == message["In-Reply-To"] == f"<{first[0].reference}>"


def test_connections_are_kept_and_bounded() -> None:
    """Many mails travel over few connections, and the answers keep the order."""
    network = SmtpNetwork()
    messages = [_mail(number) for number in range(1, 41)]
    first, second = _submit(network, messages[:20], messages[20:], CONNECTIONS=3)
    assert [each.delivery for each in first + second] == [each.delivery for each in messages]
    assert {each.event for each in first + second} == {_E.ACCEPT}
    assert len(network.mails) == 40
    assert network.connections == network.busiest == 3


def test_connections_do_not_grow_old() -> None:
    """After so many mails a connection is closed politely and another opened."""
    network = SmtpNetwork()
    _submit(network, [_mail(number) for number in range(1, 6)], CONNECTIONS=1, PER_CONNECTION=2)
    assert network.connections == 3
    assert network.commands.count("QUIT") == 3


@pytest.mark.parametrize("reply", [CUT, "421 4.3.2 idle too long"])
def test_connection_that_was_closed_meanwhile_is_replaced(reply: str) -> None:
    """A kept connection that turns out closed costs the mail nothing."""
    network = SmtpNetwork(replies={"MAIL": ["250 Ok", reply, "250 Ok"]})
    first, second = _submit(network, [_mail(1)], [_mail(2)])
    assert (first[0].event, second[0].event) == (_E.ACCEPT, _E.ACCEPT)
    assert network.connections == 2


def test_dropped_connections_are_noticed() -> None:
    """When the relay closed all while we were idle, the next mail opens a new one."""

    async def scenario() -> None:
        async with SmtpNetwork() as network:
            provider = _provider(network.port)
            await provider.submit([_mail(1)])
            network.drop()
            await asyncio.sleep(0)
            (submission,) = await provider.submit([_mail(2)])
            await provider.aclose()
            assert submission.event is _E.ACCEPT
            assert network.connections == 2

    asyncio.run(scenario())


_REPLIES = [
    ("RCPT", "550 5.1.1 no such user", _E.REFUSE, Reason.UNKNOWN_ADDRESS, False, "550 5.1.1"),
    ("RCPT", "550 no such user", _E.REFUSE, Reason.UNKNOWN_ADDRESS, False, "550"),
    ("RCPT", "550 5.2.1 disabled", _E.REFUSE, Reason.GONE, False, "550 5.2.1"),
    ("RCPT", "552 5.2.2 full", _E.REFUSE, Reason.MAILBOX_FULL, False, "552 5.2.2"),
    ("RCPT", "554 5.7.1 policy", _E.REFUSE, Reason.BLOCKED, False, "554 5.7.1"),
    ("RCPT", "599 5.9.9 novel", _E.REFUSE, Reason.OTHER, False, "599 5.9.9"),
    ("RCPT", "450 4.2.0 greylisted", _E.DEFER, Reason.UNREACHABLE, False, "450 4.2.0"),
    ("RCPT", "452 4.2.2 full", _E.DEFER, Reason.MAILBOX_FULL, False, "452 4.2.2"),
    ("RCPT", "454 4.5.3 slower", _E.DEFER, Reason.RATE_LIMITED, False, "454 4.5.3"),
    ("RCPT", "530 5.7.0 authenticate", _E.DEFER, Reason.CONFIGURATION, True, "530 5.7.0"),
    ("MAIL", "550 5.7.1 not you", _E.DEFER, Reason.CONFIGURATION, True, "550 5.7.1"),
    ("MAIL", "552 5.3.4 too big", _E.REFUSE, Reason.TOO_LONG, False, "552 5.3.4"),
    ("MAIL", "451 4.3.0 later", _E.DEFER, Reason.PROVIDER_FAULT, False, "451 4.3.0"),
    ("DATA", "451 4.3.0 later", _E.DEFER, Reason.PROVIDER_FAULT, False, "451 4.3.0"),
    ("DATA", "554 5.5.1 no", _E.REFUSE, Reason.PROVIDER_FAULT, False, "554 5.5.1"),
    ("CONTENT", "554 5.7.1 spam", _E.REFUSE, Reason.BLOCKED, False, "554 5.7.1"),
    ("CONTENT", "452 4.3.1 disk", _E.DEFER, Reason.QUEUE_FULL, False, "452 4.3.1"),
    ("CONTENT", "421 4.3.2 stopping", _E.DEFER, Reason.PROVIDER_FAULT, False, "421 4.3.2"),
    ("GREETING", "421 busy", _E.DEFER, Reason.PROVIDER_FAULT, False, "421"),
    ("GREETING", "554 not you", _E.DEFER, Reason.CONFIGURATION, True, "554"),
]


@pytest.mark.parametrize(("where", "reply", "event", "reason", "halt", "code"), _REPLIES)
def test_refusals_mean_what_the_table_says(
    where: str, reply: str, event: DeliveryEvent, reason: Reason, code: str, *, halt: bool
) -> None:
    """Every reply, wherever it comes, has one meaning."""
    submission = _one(SmtpNetwork(replies={where: reply}))
    given = (submission.event, submission.reason, submission.halt, submission.code)
    assert given == (event, reason, halt, code)


@pytest.mark.parametrize("where", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("how", [CUT, HANG])
def test_lost_before_the_mail_is_safe_to_repeat(where: str, how: str) -> None:
    """Until the mail's last line is written, a lost connection is DEFER."""
    submission = _one(SmtpNetwork(replies={where: how}), TIMEOUT=0.3)
    assert (submission.event, submission.reason) == (_E.DEFER, Reason.NO_CONNECTION)


@pytest.mark.parametrize("how", [CUT, HANG, "what", "354 more"])
def test_lost_after_the_mail_leaves_doubt(how: str) -> None:
    """After the final dot, no clear reply is LOSE."""
    network = SmtpNetwork(replies={"CONTENT": how})
    submission = _one(network, TIMEOUT=0.3)
    assert (submission.event, submission.reason) == (_E.LOSE, Reason.NO_ANSWER)
    assert len(network.mails) == 1


def test_nobody_listens() -> None:
    """A relay that is down is DEFER."""

    async def scenario() -> Submission:
        provider = _provider(await unused_port())
        (submission,) = await provider.submit([_mail()])
        await provider.aclose()
        return submission

    submission = asyncio.run(scenario())
    assert (submission.event, submission.reason) == (_E.DEFER, Reason.NO_CONNECTION)


def test_refusal_does_not_cost_the_connection() -> None:
    """After a refused recipient the next mail goes over the same connection."""
    network = SmtpNetwork(replies={"RCPT": ["550 5.1.1 no", "250 Ok"]})
    first, second = _submit(network, [_mail(1)], [_mail(2)])
    assert (first[0].event, second[0].event) == (_E.REFUSE, _E.ACCEPT)
    assert network.connections == 1
    assert "RSET" in network.commands


def test_login() -> None:
    """Credentials are used where set; a refused password stops the campaign."""
    network = SmtpNetwork(extensions=("AUTH PLAIN",))
    assert _one(network, USERNAME="lydec", PASSWORD="geheim").event is _E.ACCEPT
    assert any(command.startswith("AUTH PLAIN") for command in network.commands)
    wrong = SmtpNetwork(extensions=("AUTH PLAIN",), replies={"AUTH": "535 5.7.8 no"})
    submission = _one(wrong, USERNAME="lydec", PASSWORD="wrong")
    assert (submission.event, submission.reason) == (_E.DEFER, Reason.CONFIGURATION)
    assert submission.halt


@pytest.mark.parametrize("changes", [{"TLS": "starttls"}, {"USERNAME": "x", "PASSWORD": "y"}])
def test_what_the_relay_does_not_offer_stops_the_campaign(changes: Mapping[str, str]) -> None:
    """Without the encryption or login that is set, nothing is sent."""
    network = SmtpNetwork()
    submission = _one(network, **changes)
    assert (submission.event, submission.halt) == (_E.DEFER, True)
    assert network.mails == []


def test_international_mailboxes() -> None:
    """A domain is written in ASCII; a mailbox outside it needs a relay that can."""
    network = SmtpNetwork()
    plain, wide = _submit(
        network, [_mail(mailbox="client@exämple.test")], [_mail(mailbox="بريد@example.test")]
    )
    assert plain[0].event is _E.ACCEPT
    assert "RCPT TO:<client@xn--exmple-cua.test>" in network.commands
    assert (wide[0].event, wide[0].reason) == (_E.REFUSE, Reason.NOT_CAPABLE)
    able = SmtpNetwork(extensions=("SMTPUTF8",))
    assert _submit(able, [_mail(mailbox="بريد@example.test")])[0][0].event is _E.ACCEPT
    assert able.commands[1].endswith(" SMTPUTF8")


@pytest.mark.parametrize(
    "mailbox",
    [
        "nobody",
        "a@b.test\r\nRCPT TO:<c@d.test>",
        "a b@c.test",
        "@b.test",
        "a@\u2028.test",
        "a\ud800@b.test",
    ],
)
def test_what_is_no_mailbox_is_refused(mailbox: str) -> None:
    """An address that would break the dialogue is refused before anything is said."""
    network = SmtpNetwork()
    submission = _submit(network, [_mail(mailbox=mailbox)])[0][0]
    assert (submission.event, submission.reason) == (_E.REFUSE, Reason.INVALID_ADDRESS)
    assert network.commands == []


def test_content_of_another_channel_is_our_fault() -> None:
    """An SMS that was routed here is given up as a fault of ours."""
    network = SmtpNetwork()
    message = builders.message(1, address=builders.address(Scheme.MAILTO))
    submission = _submit(network, [message])[0][0]
    assert (submission.event, submission.reason) == (_E.EXHAUST, Reason.RENDERING)


def test_nothing_personal_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Neither mailboxes nor bodies nor passwords are logged, even when everything is."""
    caplog.set_level(logging.DEBUG)
    for network in (SmtpNetwork(), SmtpNetwork(replies={"RCPT": "599 <customer1@example.test>"})):
        _one(network)
    assert "customer1" not in caplog.text
    assert "Bonjour" not in caplog.text


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"HOST": ""}, "SMTP_HOST"),
        ({"FROM": ""}, "SMTP_FROM"),
        ({"FROM": "Lydec <a@b.test>"}, "SMTP_FROM"),
        ({"FROM": "a@-"}, "SMTP_FROM"),
        ({"BOUNCE_DOMAIN": "b c"}, "SMTP_BOUNCE_DOMAIN"),
        ({"TLS": "ssl"}, "SMTP_TLS"),
        ({"TLS": "tls", "CA_FILE": "/nowhere"}, "SMTP_CA_FILE"),
        ({"HOST": "relay.example", "USERNAME": "x", "PASSWORD": "y"}, "SMTP_TLS"),
        ({"CONNECTIONS": "0"}, "SMTP_CONNECTIONS"),
    ],
)
def test_wrong_settings_are_named(changes: Mapping[str, str], named: str) -> None:
    """A setting that cannot be is refused by its whole name."""
    with pytest.raises(InvalidInputError, match=named):
        _provider(25, **changes)
