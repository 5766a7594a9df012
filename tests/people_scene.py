"""What the tests of the pages about people share: forms with a file, and some customers."""

from collections.abc import Sequence
from dataclasses import replace

from broadcaster.domain.access import Role
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.message import Address, Scheme
from tests.builders import customer
from tests.desk_scene import DeskSite
from tests.web_scene import Answer

#: Nothing of it may reach a page as it is.
SCRIPT = '<script>alert("x")</script>'
_BOUND = "a-bound-that-no-file-has"


def amina() -> CustomerRecord:
    """Make a customer with a name that attacks, a telephone number and a mailbox."""
    phone = Address(scheme=Scheme.TEL, value="+212661234567", keys={})
    mail = Address(scheme=Scheme.MAILTO, value="amina@exemple.test", keys={})
    return replace(
        customer(1),
        number="K/778812",
        name=f"أمينة {SCRIPT}",
        addresses=(phone, mail),
        attributes={"district": SCRIPT, "services": ("water",)},
        location=(-7.62, 33.59),
    )


def settle(site: DeskSite, records: Sequence[CustomerRecord] = ()) -> None:
    """Store Amina, and others."""
    site.runtime.customers.save([amina(), *records])


def send(
    site: DeskSite,
    path: str,
    role: Role,
    file: tuple[str, bytes] | None,
    /,
    **fields: str,
) -> Answer:
    """Post a form with a file, as browsers do (RFC 7578)."""
    parts = [
        f'--{_BOUND}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in {"csrf": site.desk.csrf(site.token(role)), **fields}.items()
    ]
    if file is not None:
        head = f'--{_BOUND}\r\nContent-Disposition: form-data; name="file"; filename="{file[0]}"'
        parts.append(head.encode() + b"\r\n\r\n" + file[1] + b"\r\n")
    body = b"".join(parts) + f"--{_BOUND}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={_BOUND}"}
    return site.ask(path, role, method="POST", body=body, headers=kind)
