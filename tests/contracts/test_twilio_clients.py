"""Our own requests to Twilio are those of Twilio's library."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.domain.message import SmsContent
from broadcaster.ports import Message
from broadcaster.providers import twilio
from broadcaster.providers._twilio_form import percent
from tests import builders
from tests.builders import NOON
from tests.networks import HttpCall, HttpNetwork, context, options, replies

_SID = "SM" + "0" * 32

_TEXTS = [
    "Bonjour",
    "ليدك: 0522312020\nclient.lydec.ma",
    "100 % + & = ? # ; , é ñ ç ~ - _ . * ' ( ) ! \" < > \\ / @ : $ ^ ` { | }",
    "\r\n\t\x00 \u00a0\u2066\u2069👩‍👩‍👧",
    "",
    "ⵜⴰⵎⴰⵣⵉⵖⵜ",
]


async def _calls(client: str, messages: list[Message], **changes: str) -> list[HttpCall]:
    async with HttpNetwork(replies(201, {"sid": _SID, "status": "queued"})) as network:
        values = {
            "ACCOUNT_SID": "AC" + "0" * 32,
            "AUTH_TOKEN": "a:b+c é",
            "SENDER": "LYDEC 24-7",
            "BASE_URL": f"{network.url}/proxy",
            "CLIENT": client,
            "CONCURRENCY": 1,
            **changes,
        }
        provider = twilio.build(options("twilio", **values), context())
        await provider.submit(messages)
        await provider.aclose()
        return network.calls


def _heard(call: HttpCall) -> tuple[object, ...]:
    """Give what a server makes of a request."""
    return (
        call.method,
        call.path,
        dict(call.query),
        parse_qs(call.body.decode("ascii"), keep_blank_values=True, strict_parsing=True),
        call.headers["Authorization"],
        call.headers["Content-Type"],
        call.headers["Accept"],
        call.headers["Host"].partition(":")[0],
    )


def _alike(messages: list[Message], **changes: str) -> None:
    async def both() -> tuple[list[HttpCall], list[HttpCall]]:
        return await _calls("library", messages, **changes), await _calls(
            "wire", messages, **changes
        )

    library, wire = asyncio.run(both())
    assert len(library) == len(wire) == len(messages)
    assert [_heard(call) for call in wire] == [_heard(call) for call in library]


@pytest.mark.parametrize(
    "sender",
    [
        {},
        {"SENDER": "+212522000000"},
        {"SENDER": "A&B + C"},
        {"MESSAGING_SERVICE_SID": "MG" + "a1" * 16},
    ],
)
def test_a_server_hears_the_same(sender: Mapping[str, str]) -> None:
    """Path, parameters, credentials and type are the same, whatever is sent by whom."""
    messages = [
        builders.message(number, content=SmsContent(body=text))
        for number, text in enumerate(_TEXTS, 1)
    ]
    lives = [timedelta(days=9), timedelta(seconds=61.5), timedelta(0), -timedelta(days=1)]
    messages += [builders.message(50, expires=NOON + life) for life in lives]
    _alike(messages, **sender)


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_survives_the_form(text: str) -> None:
    """Whatever the text, a form's reader gets it back, and nothing of it is read as a form."""
    written = percent(text)
    assert parse_qs(f"Body={written}&x=y", keep_blank_values=True, max_num_fields=2) == {
        "Body": [text],
        "x": ["y"],
    }
    assert written.isascii()
    assert not set(written) & set("&=;#? \r\n")
