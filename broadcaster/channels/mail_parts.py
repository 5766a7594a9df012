"""The parts of a mail with holes: literals encoded ahead, values put between them.

Quoted-printable and base64 both allow lines shorter than the longest. So what is encoded ahead
begins and ends at a line's end, and a value has lines of its own: nothing has to be shifted.
"""

import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from broadcaster.channels import quoted
from broadcaster.domain.message import Form

_EOL = b"\r\n"

_LINE_END = re.compile("\r\n|\r|\n")

#: Characters of a base64 line (RFC 2045, section 6.8); they stand for 57 octets.
_LINE = 76

#: Opens a part, given the name of its encoding.
Opening = Callable[[str], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A form whose literals have CRLF line ends; between any two of them is the hole of a number.

    `last` is the number of the value that ends the text, where a value does: were it empty, line
    ends before it would be the text's last, and be cut.
    """

    literals: tuple[str, ...]
    holes: tuple[int, ...]
    last: int | None

    def __repr__(self) -> str:
        """Hide what is told."""
        return f"Text({len(self.literals)} literals)"


def text_of(form: Form) -> Text | None:
    """Bring a form's line ends into order; None when a line end could span a hole."""
    pieces = [piece for piece in form.pieces if isinstance(piece, str)]
    holes = tuple(piece for piece in form.pieces if isinstance(piece, int))
    if any(piece.endswith("\r") for piece in pieces[:-1]):
        return None
    *literals, end = [_LINE_END.sub("\r\n", piece) for piece in pieces]
    end = end.rstrip("\r\n")
    last = holes[-1] if holes and not end else None
    return Text(literals=(*literals, end + "\r\n"), holes=holes, last=last)


class QuotedPart:
    """A part in quoted-printable."""

    @staticmethod
    def coded(values: Sequence[str]) -> list[bytes]:
        """Encode the values as this part takes them; UnicodeEncodeError when one is no text."""
        return [quoted.value(value) for value in values]

    def __init__(self, text: Text, opening: Opening) -> None:
        """Encode the literals; UnicodeEncodeError when one is no text."""
        self._holes = text.holes
        pieces = [quoted.quoted(literal) for literal in text.literals]
        self.size = sum(map(len, pieces))
        whole = [opening("quoted-printable") + _before_hole(pieces[0])]
        for piece in pieces[1:-1]:
            whole += [b"", quoted.SOFT + (_before_hole(piece) if piece else b"")]
        if len(pieces) > 1:
            whole += [b"", quoted.SOFT + pieces[-1]]
        else:
            whole = [opening("quoted-printable") + pieces[0]]
        self._pieces = [*whole[:-1], whole[-1] + _EOL]

    def fill(self, coded: Sequence[bytes]) -> list[bytes]:
        """Give the part, in pieces, from its opening to the line end before the next boundary."""
        pieces = self._pieces.copy()
        pieces[1::2] = [coded[hole] for hole in self._holes]
        return pieces


def _before_hole(piece: bytes) -> bytes:
    return piece if piece.endswith(_EOL) or not piece else piece + quoted.SOFT


#: What completes the group of three octets before it, whole lines, and what begins another group.
_Packed = tuple[bytes, bytes, bytes]


class PackedPart:
    """A part in base64, which takes three octets at a time.

    How many octets a value leaves over is known only with the value; there are three cases, and
    each literal is encoded ahead for all three.
    """

    @staticmethod
    def coded(values: Sequence[str]) -> list[bytes]:
        """Encode the values as this part takes them; UnicodeEncodeError when one is no text."""
        return [value.encode() for value in values]

    def __init__(self, text: Text, opening: Opening) -> None:
        """Encode the literals; UnicodeEncodeError when one is no text."""
        first, *others = [literal.encode() for literal in text.literals]
        _, lines, self._rest = _packed(first, 0)
        self._start = opening("base64") + lines
        self._steps = [
            (hole, literal, [_packed(literal, over) for over in range(3)])
            for hole, literal in zip(text.holes, others, strict=True)
        ]
        self.size = len(lines) + sum(len(step[2][0][1]) for step in self._steps)

    def fill(self, coded: Sequence[bytes]) -> list[bytes]:
        """Give the part, in pieces, from its opening to the line end before the next boundary."""
        pieces, rest = [self._start], self._rest
        for hole, literal, cases in self._steps:
            rest += coded[hole]
            head, lines, tail = cases[len(rest) % 3]
            if lines:
                pieces += (_lines(rest + head), lines)
                rest = tail
            else:
                rest += literal
        pieces.append(_lines(rest))
        return pieces


def _packed(literal: bytes, over: int) -> _Packed:
    """Encode a literal ahead, for `over` octets that stand alone before it."""
    start = -over % 3
    end = start + max(len(literal) - start, 0) // 3 * 3
    return literal[:start], _lines(literal[start:end]), literal[end:]


def _lines(octets: bytes) -> bytes:
    """Encode as whole lines, each with its end; nothing for nothing."""
    coded = binascii.b2a_base64(octets, newline=False)
    if len(coded) <= _LINE:
        return coded + _EOL if coded else b""
    if len(coded) <= 2 * _LINE:
        # So long is a link, and this is twice as fast.
        return b"%b\r\n%b\r\n" % (coded[:_LINE], coded[_LINE:])
    return b"".join([coded[at : at + _LINE] + _EOL for at in range(0, len(coded), _LINE)])


Part = QuotedPart | PackedPart


def part_of(text: Text, opening: Opening) -> Part:
    """Encode a text with holes ahead, the way in which its literals are shorter."""
    quoted_part, packed_part = QuotedPart(text, opening), PackedPart(text, opening)
    return packed_part if packed_part.size < quoted_part.size else quoted_part
