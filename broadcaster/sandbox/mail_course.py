"""What becomes of a mail after the host took it: a pure function of the dice."""

from dataclasses import dataclass

from broadcaster.sandbox.envelope import Recipient
from broadcaster.sandbox.trouble import Dice

#: Why a mail comes back: the enhanced status (RFC 3463) and the words of the far host.
FAILURES = (
    ("5.1.1", "550 5.1.1 No such mailbox"),
    ("5.2.2", "552 5.2.2 Mailbox is full"),
    ("5.4.7", "554 5.4.7 Delivery time expired"),
    ("5.7.1", "554 5.7.1 Refused by policy"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MailCourse:
    """`fate` is `delivered` or `bounced`; `reports` are (due in epoch seconds, action, status)."""

    fate: str
    reports: list[tuple[float, str, str]]


def mail_course(
    dice: Dice, recipient: Recipient, attempt: int, *, at: float, pace: float, null_sender: bool
) -> MailCourse:
    """Decide the course of a mail taken `at`: where it ends, and which DSNs tell of it."""
    who = (recipient.mailbox, attempt)
    wanted = {"FAILURE", "DELAY"} if recipient.notify is None else set(recipient.notify)
    plan: list[tuple[float, str, str]] = []
    fate = "delivered"
    delay = 0.2 + dice.roll("mail.time", *who) * 2
    if dice.hit("mail.bounced", *who):
        fate = "bounced"
        status, _ = FAILURES[int(dice.roll("mail.why", *who) * len(FAILURES))]
        plan.append((delay, "failed", status))
    else:
        if dice.hit("mail.delayed", *who):
            plan.append((delay, "delayed", "4.4.1"))
            delay += 1 + dice.roll("mail.delay", *who) * 5
        plan.append((delay, "delivered", "2.0.0"))
    condition = {"failed": "FAILURE", "delayed": "DELAY", "delivered": "SUCCESS"}
    asked = [entry for entry in plan if condition[entry[1]] in wanted and not null_sender]
    times = [entry for one in asked for entry in _disturbed(dice, who, one)]
    due = [(at + delay * pace, action, status) for delay, action, status in sorted(times)]
    return MailCourse(fate=fate, reports=due)


def _disturbed(
    dice: Dice, who: tuple[str, int], report: tuple[float, str, str]
) -> list[tuple[float, str, str]]:
    delay, action, status = report
    if dice.hit("mail.report_late", *who, action):
        delay += 5 + dice.roll("mail.late", *who, action) * 15
    again = dice.hit("mail.report_repeated", *who, action)
    return [(delay, action, status), *([(delay + 1, action, status)] if again else [])]
