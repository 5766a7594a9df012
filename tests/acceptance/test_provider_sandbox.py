"""Every provider and the simulated networks understand each other, both ways."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Receipt
from broadcaster.domain.message import (
    Address,
    Content,
    EmailContent,
    PushContent,
    Scheme,
    SmsContent,
)
from broadcaster.ports import Callback, Context, Message, Provider, Question, Submission
from broadcaster.providers import base, twilio
from broadcaster.providers.twilio import TwilioProvider
from broadcaster.providers.webpush import generate_private_key
from broadcaster.sandbox import subscriptions
from broadcaster.sandbox.config import DEFAULT_ACCOUNT, DEFAULT_TOKEN, SandboxConfig
from broadcaster.sandbox.process import Ports
from tests import builders, sandboxes
from tests.fakes import FakeClock
from tests.networks import context, options

_E = DeliveryEvent
_COUNT = 30
_PUSH = PushContent(title="ليدك", body="قللوا", link="https://client.lydec.ma", direction="rtl")


@pytest.fixture
def clock() -> FakeClock:
    """Now: the networks look at their own clock when they check a token."""
    return FakeClock(datetime.now(UTC))


def _messages(clock: FakeClock, addresses: Sequence[Address], content: Content) -> list[Message]:
    return [
        builders.message(
            number,
            address=address,
            content=content,
            expires=clock.now() + timedelta(hours=1),
            confirm_url="",
        )
        for number, address in enumerate(addresses, 1)
    ]


def _addresses(scheme: Scheme) -> list[Address]:
    return [builders.address(scheme, number) for number in range(1, _COUNT + 1)]


def _submit(provider: Provider, messages: Sequence[Message]) -> list[Submission]:
    async def scenario() -> list[Submission]:
        try:
            return list(await provider.submit(messages))
        finally:
            await provider.aclose()

    return asyncio.run(scenario())


def _receipts(provider: TwilioProvider, posts: Sequence[sandboxes.Post]) -> Iterator[Receipt]:
    for post in posts:
        path = urlsplit(post.url).path.removeprefix("/callbacks/twilio")
        headers = {name.lower(): value for name, value in post.headers.items()}
        yield from provider.receive(
            Callback(path=path, url=post.url, headers=headers, body=post.body)
        )


def _twilio(ports: Ports, here: Context) -> TwilioProvider:
    values = {
        "ACCOUNT_SID": DEFAULT_ACCOUNT,
        "AUTH_TOKEN": DEFAULT_TOKEN,
        "SENDER": "LYDEC",
        "BASE_URL": f"http://127.0.0.1:{ports.carrier}",
    }
    return twilio.build(options("twilio", **values), here)


def test_carrier_takes_and_calls_back(tmp_path: Path, clock: FakeClock) -> None:
    """SMS are taken; signed callbacks name the delivery; a lost answer is found again."""
    content = SmsContent(body="ليدك: 0522312020")
    messages = _messages(clock, _addresses(Scheme.TEL), content)
    config = SandboxConfig(folder=tmp_path, carrier_port=0, smtp_port=0, push_port=0, pace=0)
    with sandboxes.receiving() as receiver, sandboxes.running(config) as ports:
        here = replace(context(clock), public_url=receiver.url)
        submissions = _submit(_twilio(ports, here), messages)
        assert {submission.event for submission in submissions} == {_E.ACCEPT}

        provider = _twilio(ports, here)

        def delivered() -> set[DeliveryId | None]:
            receipts = list(_receipts(provider, list(receiver.posts)))
            return {receipt.delivery for receipt in receipts if receipt.event is _E.DELIVER}

        sandboxes.until(lambda: len(delivered()) == _COUNT)
        assert delivered() == {message.delivery for message in messages}
        (found,) = asyncio.run(_found(provider, messages[0], clock, content.body))
        assert found.reference == submissions[0].reference
    assert [line["body"] for line in sandboxes.lines(tmp_path, "sms")] == [content.body] * _COUNT


async def _found(
    provider: TwilioProvider, message: Message, clock: FakeClock, body: str
) -> Sequence[Receipt]:
    question = Question(
        delivery=message.delivery,
        address=message.address,
        reference=None,
        since=clock.now() - timedelta(seconds=10),
        body_sha256=hashlib.sha256(body.encode()).hexdigest(),
    )
    try:
        return await provider.find(question)
    finally:
        await provider.aclose()


def test_mail_host_takes_mail(tmp_path: Path, clock: FakeClock) -> None:
    """Mails are taken over few connections and recorded as they were built."""
    content = EmailContent(subject="ليدك", text="Bonjour\n.\n", html="<p>Bonjour</p>")
    messages = _messages(clock, _addresses(Scheme.MAILTO), content)
    config = SandboxConfig(folder=tmp_path, carrier_port=0, smtp_port=0, push_port=0, pace=0)
    with sandboxes.running(config) as ports:
        values = {"HOST": "127.0.0.1", "PORT": ports.smtp, "TLS": "none", "FROM": "a@lydec.test"}
        provider = base.build("smtp", options("smtp", **values), context(clock))
        submissions = _submit(provider, messages)
    assert {submission.event for submission in submissions} == {_E.ACCEPT}
    assert len(sandboxes.lines(tmp_path, "email")) == _COUNT


def test_push_services_take_what_they_can_read(tmp_path: Path, clock: FakeClock) -> None:
    """Browsers decrypt what was pushed, and apps get theirs."""
    config = SandboxConfig(folder=tmp_path, carrier_port=0, smtp_port=0, push_port=0, pace=0)
    with sandboxes.running(config) as ports:
        url = f"http://127.0.0.1:{ports.push}"
        endpoints = [f"{url}/wp/{number}" for number in range(1, _COUNT + 1)]
        browsers = [
            Address(scheme=Scheme.WEBPUSH, value=endpoint, keys=subscriptions.keys(endpoint))
            for endpoint in endpoints
        ]
        values = {
            "PRIVATE_KEY": generate_private_key(),
            "SUBJECT": "mailto:a@lydec.test",
            "ALLOWED_HOSTS": url,
        }
        webpush = base.build("webpush", options("webpush", **values), context(clock))
        account = tmp_path / "service-account.json"
        keyed = {"SERVICE_ACCOUNT": account, "BASE_URL": url}
        fcm = base.build("fcm", options("fcm", **keyed), context(clock))
        answers = _submit(webpush, _messages(clock, browsers, _PUSH))
        apps = [
            Address(scheme=Scheme.FCM, value=f"registration-token-{number}", keys={})
            for number in range(1, _COUNT + 1)
        ]
        answers += _submit(fcm, _messages(clock, apps, _PUSH))
    assert {answer.event for answer in answers} == {_E.ACCEPT}
    assert len(sandboxes.lines(tmp_path, "push")) == 2 * _COUNT
