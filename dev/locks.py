"""File locks. The kernel drops them when the holder dies, however it dies."""

import contextlib
import fcntl
import os

from say import say


@contextlib.contextmanager
def exclusive(path, waiting_for=None):
    """Hold a lock file; when another run holds it, say so and wait."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not _try(fd, fcntl.LOCK_EX):
            if waiting_for:
                say(f"Waiting for another run that is {waiting_for} ...")
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def hold_shared(path, inherit=False):
    """Take a shared lock for the life of this process; returns its handle.

    inherit: programs that this process starts, or turns into, hold it too.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    fcntl.flock(fd, fcntl.LOCK_SH)
    os.set_inheritable(fd, inherit)
    return fd


def only_holder(fd):
    """True when nobody else holds the shared lock; it is then ours alone."""
    return _try(fd, fcntl.LOCK_EX)


def is_free(path):
    """True when no living process holds the lock file."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        return _try(fd, fcntl.LOCK_EX)
    finally:
        os.close(fd)


def _try(fd, kind):
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
