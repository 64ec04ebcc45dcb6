"""Small deterministic choices from a seed: cheap enough to make per row."""

import hashlib
import uuid

_MASK = (1 << 64) - 1


class Dice:
    """A stream of choices that depends on the seed alone (splitmix64)."""

    __slots__ = ("_state",)

    def __init__(self, seed):
        self._state = (seed * 0x9E3779B97F4A7C15 + 0x1234567) & _MASK

    def below(self, limit):
        """A whole number from 0 to limit - 1."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return (mixed ^ (mixed >> 31)) % limit

    def between(self, low, high):
        """A whole number from low to high, both included."""
        return low + self.below(high - low + 1)

    def pick(self, choices):
        """One of the choices."""
        return choices[self.below(len(choices))]

    def digits(self, count):
        """A text of so many digits."""
        return str(self.below(10**count)).zfill(count)


def seed_of(*parts):
    """A 32-bit seed from texts and numbers."""
    return int.from_bytes(_digest(parts)[:4], "big")


def guid_of(*parts):
    """A GUID text from texts and numbers."""
    return str(uuid.UUID(bytes=_digest(parts)[:16]))


def hash_of(*parts):
    """Thirty-two bytes from texts and numbers."""
    return _digest(parts)


def _digest(parts):
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=32).digest()
