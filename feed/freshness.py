"""How long a silence is usual on an account."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

LOOKED_AT = timedelta(days=180)
FEWEST_DAYS = 8  # fewer days with transactions tell nothing
SHORTEST = 7
_MARGIN = 1.5


def usual_silence(days: Iterable[date]) -> int:
    """Days without a transaction after which the silence is longer than usual.

    ``days``: booking days of the last half year, in any order, also repeated. Half
    as long again as the longest silence among them, and a week at least. 0 when there
    are too few of them to tell: an account that hardly moves is not late.
    """
    ordered = sorted(set(days))
    if len(ordered) < FEWEST_DAYS:
        return 0
    gaps = (later - earlier for earlier, later in pairwise(ordered))
    return max(SHORTEST, round(max(gaps).days * _MARGIN))
