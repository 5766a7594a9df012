"""The founding notice as templates for a plain system: what only libraries are used to fill.

Our own renderer writes each text once for each locale with marks in place of what differs between
customers, and the marks become Jinja's. MJML and catalogues are thus applied beforehand, which
makes the other side faster, not slower, than a system that does it for every mail.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from jinja2 import Environment, Template

from broadcaster.bootstrap import Runtime
from broadcaster.domain.message import Channel, EmailContent, SmsContent
from broadcaster.ports import Reader

#: Locales, and how many of twenty customers read them, as `_customers.py` makes them.
LOCALES = {"ar_MA": 11, "fr_MA": 8, "en": 1}

_MARKS = {
    "QNAMEQ": "{{ name }}",
    "QNUMBERQ": "{{ number }}",
    "https://advisories.lydec.test/QLEAVEQ": "{{ leave }}",
    "https://advisories.lydec.test/QPAGEQ": "{{ page }}",
}
_READER = Reader(
    name="QNAMEQ",
    number="QNUMBERQ",
    unsubscribe_url="https://advisories.lydec.test/QLEAVEQ",
    page_url="https://advisories.lydec.test/QPAGEQ",
)


def write(runtime: Runtime, campaign: int, path: Path) -> None:
    """Write the templates of a campaign's advisory to a file."""
    found = runtime.campaigns.get(str(campaign))
    advisory = runtime.ledger.advisory(found.advisory_id)
    texts = {}
    for wanted in LOCALES:
        locale = runtime.renderer.choose(advisory.kind, [wanted.replace("_", "-")])
        assert locale is not None
        mail = runtime.renderer.render(advisory, Channel.EMAIL, locale, _READER)
        sms = runtime.renderer.render(advisory, Channel.SMS, locale, _READER)
        assert isinstance(mail, EmailContent)
        assert isinstance(sms, SmsContent)
        parts = {"subject": mail.subject, "text": mail.text, "html": mail.html, "sms": sms.body}
        texts[wanted] = {name: _marked(text) for name, text in parts.items()}
    path.write_text(json.dumps(texts), encoding="utf-8")


def _marked(text: str) -> str:
    for mark, hole in _MARKS.items():
        text = text.replace(mark, hole)
    return text


@dataclass(frozen=True, slots=True)
class Texts:
    """Templates that are held: compiled once in a process."""

    templates: Mapping[str, Mapping[str, Template]]

    def _values(self, index: int) -> dict[str, str]:
        return {
            "name": f"Fatima Bennani {index}",
            "number": f"B{index:08d}",
            "leave": f"https://advisories.lydec.test/unsubscribe/7-{index}-{index:016x}",
            "page": "https://advisories.lydec.test/advisories/7/fr_MA",
        }

    def _of(self, index: int) -> Mapping[str, Template]:
        at = index % 20
        for locale, share in LOCALES.items():
            if at < share:
                return self.templates[locale]
            at -= share
        raise AssertionError

    def sms(self, index: int) -> str:
        """Write a customer's SMS."""
        return self._of(index)["sms"].render(self._values(index))

    def mail(self, index: int) -> EmailMessage:
        """Write a customer's mail, with the standard library's class."""
        texts, values = self._of(index), self._values(index)
        mail = EmailMessage()
        mail["From"] = "Lydec <advisories@lydec.test>"
        mail["To"] = address(index)
        mail["Subject"] = texts["subject"].render(values)
        mail["Message-ID"] = f"<7-{index}@bounces.lydec.test>"
        mail["List-Unsubscribe"] = f"<{values['leave']}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(texts["text"].render(values))
        mail.add_alternative(texts["html"].render(values), subtype="html")
        return mail


def read(path: Path) -> Texts:
    """Read and compile what was written."""
    plain, marked = Environment(autoescape=False), Environment(autoescape=True)  # noqa: S701  (texts)
    texts = json.loads(path.read_text("utf-8"))
    return Texts(
        {
            locale: {
                name: (marked if name == "html" else plain).from_string(text)
                for name, text in parts.items()
            }
            for locale, parts in texts.items()
        }
    )


def address(index: int) -> str:
    """Give a customer's mailbox."""
    return f"client.{index:08d}@courrier.test"


def number(index: int) -> str:
    """Give a customer's number."""
    return f"+2126{index:08d}"
