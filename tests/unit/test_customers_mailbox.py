"""Mailboxes are read strictly, and every refusal has its kind."""

import pytest

from broadcaster.audience.mailbox import check


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("a@b.example", "a@b.example"),
        ("  Amina.B+x@Example.COM ", "Amina.B+x@example.com"),
        ("a@موقع.test", "a@xn--4gbrim.test"),
        # What was stored in ASCII reads as itself when it comes back.
        ("a@XN--4gbrim.test", "a@xn--4gbrim.test"),
        ("o'neil@example.test", "o'neil@example.test"),
    ],
)
def test_good_mailboxes_keep_their_local_part(raw: str, value: str) -> None:
    """The domain is tidied; what stands before the @ belongs to the mail host and stays."""
    assert check(raw).value == value


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("", "NOT_ONE_AT"),
        ("a", "NOT_ONE_AT"),
        ("a@@b.test", "NOT_ONE_AT"),
        ("a@b.test,c@d.test", "NOT_ONE_AT"),
        ("a@b", "BAD_DOMAIN"),
        ("a@", "BAD_DOMAIN"),
        ("a@b..test", "BAD_DOMAIN"),
        ("a@-b.test", "BAD_DOMAIN"),
        ("a@b_c.test", "BAD_DOMAIN"),
        ("a@b.test.", "BAD_DOMAIN"),
        ("a@1.2.3.4", "BAD_DOMAIN"),
        ("a@[1.2.3.4]", "BAD_DOMAIN"),
        ("a@straße.test", "BAD_DOMAIN"),
        (f"a@{'x' * 64}.test", "BAD_DOMAIN"),
        ("@b.test", "BAD_LOCAL_PART"),
        (".a@b.test", "BAD_LOCAL_PART"),
        ("a..b@c.test", "BAD_LOCAL_PART"),
        ('"a"@b.test', "BAD_LOCAL_PART"),
        ("é@b.test", "BAD_LOCAL_PART"),
        ("a b@c.test", "BAD_LOCAL_PART"),
        ("a@b.test\r\nBcc: c", "BAD_LOCAL_PART"),
        ("a@b.test\r\nBcc: c@d.test", "NOT_ONE_AT"),
        ("'a@b.test", "BAD_LOCAL_PART"),
        ("a@xn--é.test", "BAD_DOMAIN"),
        ("a@xn--.test", "BAD_DOMAIN"),
        ("a@xn--4gbrim.موقع.test", "BAD_DOMAIN"),
        ("a\u202eb@c.test", "BAD_LOCAL_PART"),
        ("<a@b.test>", "BAD_LOCAL_PART"),
        ("=cmd|x@b.test", "BAD_LOCAL_PART"),
        (f"{'x' * 65}@b.test", "BAD_LOCAL_PART"),
        (f"a@{'x.' * 130}test", "TOO_LONG"),
        ("a" * 1_000_000, "TOO_LONG"),
    ],
)
def test_bad_mailboxes_are_refused_with_their_kind(raw: str, fault: str) -> None:
    """A person reads what is wrong and what to do."""
    found = check(raw)
    assert (found.value, found.fault) == (None, fault)
    assert found.problem
    assert found.remedy
