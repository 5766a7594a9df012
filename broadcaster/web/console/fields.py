"""Forms as they are sent."""

from urllib.parse import parse_qs

from starlette.exceptions import HTTPException

#: How many fields a form may have.
_FIELDS = 500


class Fields(dict[str, list[str]]):
    """The fields of a form, each with its values in order."""

    def text(self, name: str) -> str:
        """Give the first value; empty when there is none."""
        return self.get(name, [""])[0]

    def every(self, name: str) -> list[str]:
        """Give all values."""
        return self.get(name, [])

    def ticked(self, name: str) -> bool:
        """Tell whether a box is ticked."""
        return bool(self.text(name))


def form(body: bytes) -> Fields:
    """Read `application/x-www-form-urlencoded`; 400 for what is none."""
    try:
        read = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError as error:
        raise HTTPException(400) from error
    return Fields({name: [one.replace("\0", "") for one in some] for name, some in read.items()})
