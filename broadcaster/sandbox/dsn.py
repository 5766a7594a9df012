"""Delivery status notifications (RFC 3464), as a mail host writes them."""

import base64
import hashlib
from email.utils import formatdate

from broadcaster.sandbox.mail_course import FAILURES
from broadcaster.sandbox.record import Line

HOST = "mail.sandbox.test"

_WORDS = {
    "failed": ("Your message could not be delivered", "and was given up."),
    "delayed": ("Your message is delayed", "and will be tried again."),
    "delivered": ("Your message was delivered", "as you asked to be told."),
}
_DIAGNOSES = {
    **dict(FAILURES),
    "4.4.1": "450 4.4.1 The far host does not answer",
    "2.0.0": "250 2.0.0 Delivered",
}


def build(line: Line, step: int) -> bytes:
    """Write the report of one step of a recorded mail, with CR LF line ends.

    The original comes back whole when RET=FULL was asked and the mail failed, else its header.
    """
    due, action, status = line["then"][step]
    digest = hashlib.sha256(f"{line['at']}{line['to']}{action}".encode()).hexdigest()
    boundary = f"report-{digest[:24]}"
    subject, end = _WORDS[action]
    ascii_only = line["to"].isascii()
    report = "message/delivery-status" if ascii_only else "message/global-delivery-status"
    head = (
        f"From: Mail Delivery System <postmaster@{HOST}>\r\n"
        f"To: <{line['sender']}>\r\n"
        f"Subject: {subject}\r\n"
        f"Date: {formatdate(due)}\r\n"
        f"Message-ID: <{digest[:32]}.{step}@{HOST}>\r\n"
        "Auto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status;"
        f' boundary="{boundary}"\r\n\r\n'
        f"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
        f"{subject} to <{line['to']}>\r\n{end}\r\n\r\n"
        f"--{boundary}\r\nContent-Type: {report}\r\n\r\n"
    )
    fields = _fields(line, action, status, kind="rfc822" if ascii_only else "utf-8")
    original = base64.b64decode(line["raw"])
    whole = line["ret"] == "FULL" and action == "failed"
    kind = "message/rfc822" if whole else "text/rfc822-headers"
    returned = original if whole else original.partition(b"\r\n\r\n")[0] + b"\r\n"
    middle = f"{fields}\r\n--{boundary}\r\nContent-Type: {kind}\r\n\r\n"
    return (head + middle).encode() + returned + f"\r\n--{boundary}--\r\n".encode()


def _fields(line: Line, action: str, status: str, *, kind: str) -> str:
    about = [f"Reporting-MTA: dns; {HOST}"]
    if line["envid"]:
        about.append(f"Original-Envelope-Id: {line['envid']}")
    about += [f"Arrival-Date: {formatdate(line['at'])}", ""]
    if line["orcpt"]:
        about.append(f"Original-Recipient: {line['orcpt']}")
    about += [
        f"Final-Recipient: {kind}; {line['to']}",
        f"Action: {action}",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; {_DIAGNOSES[status]}",
        "",
    ]
    return "\r\n".join(about)
