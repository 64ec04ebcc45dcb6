"""Statement lines made fast, in books identical to core's. One entry: `create_lines`.

Three ways are tried in order. *Replicated*: core makes a few probe lines, which are
taken back; all lines are then inserted as copies of them, and the probes made that way
must equal core's in every column. *Batched*: core makes the lines, and what it does for
each of them is done once for all. *Core*: its plain `create`.
"""

from . import hooks
from .doubt import FEW_LINES, NotProven
from .entry import BATCHED, CORE, REPLICATED, WAYS, Made, create_lines

__all__ = [
    "BATCHED",
    "CORE",
    "FEW_LINES",
    "REPLICATED",
    "WAYS",
    "Made",
    "NotProven",
    "create_lines",
]
