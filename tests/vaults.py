"""Keys of personal data for tests, and all that a database holds, as text."""

from pathlib import Path

from psycopg import sql

from broadcaster.privacy.erasure import Erasure
from broadcaster.privacy.keyring import SIZE, Keys
from broadcaster.privacy.rotation import Rotation
from broadcaster.privacy.vault import KeyVault
from tests.rows import Pool


def vault(*numbers: int) -> KeyVault:
    """Make a vault with these keys; the same number is always the same key."""
    keys = Keys({number: bytes([number]) * SIZE for number in numbers})
    return KeyVault(lambda: keys)


def sealed(pool: Pool, *numbers: int) -> KeyVault:
    """Have a database sealed from now on with the newest of these keys."""
    keys = vault(*numbers)
    Rotation(pool, keys).begin("tests")
    return keys


def erasure(pool: Pool, keys: KeyVault) -> Erasure:
    """Make what erases, where no approval has to be carried over."""
    return Erasure(pool, keys, lambda _campaign, _expression: None)


def dump(pool: Pool) -> str:
    """Give every column of every row of every table as text; octets also as hexadecimals."""
    parts = []
    with pool.connection() as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        ).fetchall()
        for (table,) in tables:
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
            for row in connection.execute(query):
                parts += [_text(value) for value in row]
    return "\n".join(parts)


def files(folder: Path) -> str:
    """Give all that is in the files below a folder, what is compressed unpacked too."""
    import gzip  # noqa: PLC0415  (only where files are looked at)

    parts = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            parts.append(content.decode("utf-8", "replace"))
            if content.startswith(b"\x1f\x8b"):
                parts.append(gzip.decompress(content).decode("utf-8", "replace"))
    return "\n".join(parts)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace") + value.hex()
    return str(value)
