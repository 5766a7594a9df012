"""A code on its whole way: the page, the task, the provider, and a simulated network."""

import re
from pathlib import Path

from broadcaster.sandbox.config import DEFAULT_ACCOUNT, DEFAULT_TOKEN, SandboxConfig
from tests.browsers import apart
from tests.desk_scene import serving_desk
from tests.pages_scene import MAILBOX, PHONE, amina
from tests.rows import Rows
from tests.sandboxes import lines, running, until


def test_a_code_is_received_on_a_simulated_network(
    tmp_path: Path, database_url: str, redis_url: str, home: Path
) -> None:
    """By the real providers, within the limits in Redis; its report disturbs nothing."""
    config = SandboxConfig(
        folder=tmp_path / "sandbox", carrier_port=0, smtp_port=0, push_port=0, pace=0
    )
    with running(config) as ports:
        variables = {
            "TWILIO_BASE_URL": f"http://127.0.0.1:{ports.carrier}",
            "TWILIO_ACCOUNT_SID": DEFAULT_ACCOUNT,
            "TWILIO_AUTH_TOKEN": DEFAULT_TOKEN,
            "TWILIO_SENDER": "LYDEC",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(ports.smtp),
            "SMTP_TLS": "none",
            "SMTP_FROM": "avis@lydec.test",
        }
        with serving_desk(database_url, redis_url, home, variables) as site:
            rows, runtime = Rows(site.runtime.pool), site.runtime
            rows.save([amina()])
            for address in (PHONE, MAILBOX):
                assert site.post("/preferences", address=address, language="ar").status == 303

            async def send() -> int:
                try:
                    return await runtime.code_sender.send()
                finally:
                    await runtime.aclose()

            assert apart(send) == 2
            sent = rows.ask("SELECT provider, outcome FROM page_code ORDER BY id")
            assert sent == [("twilio", "accepted"), ("smtp", "accepted")]
            until(lambda: lines(config.folder, "sms") and lines(config.folder, "email"))
            (text,) = lines(config.folder, "sms")
            assert re.search(r"\d{6} هو رمز", str(text))
            (letter,) = lines(config.folder, "email")
            assert "List-Unsubscribe" not in str(letter)
