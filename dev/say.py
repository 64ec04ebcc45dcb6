"""What the commands in this folder tell the person who runs them."""

import contextlib
import os
import sys
import time

import children


class Stop(Exception):
    """Ends the command. Its text is one clear sentence for the reader."""


def say(text):
    """Print one line of progress (to stderr: stdout may be read by a script)."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def long_step(what, usually):
    """Announce a slow step and how long it usually takes, then its real time."""
    say(f"{what} (usually {usually}) ...")
    started = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - started:.0f} s")


def run_main(main):
    """Run main() and turn its outcome into an exit code.

    Stop gives its sentence and 1; Ctrl-C gives 130, as shells expect.
    """
    children.sigterm_as_interrupt()
    try:
        code = main()
    except Stop as stop:
        say(str(stop))
        code = 1
    except KeyboardInterrupt:
        say("Interrupted. Run it again at any time, it continues safely.")
        code = 130
    sys.stdout.flush()
    sys.exit(code or 0)


def tail(path, lines=25):
    """The last lines of a text file, or '' when it cannot be read."""
    try:
        with open(path, errors="replace") as file:
            return "".join(file.readlines()[-lines:])
    except OSError:
        return ""


def is_root():
    return os.geteuid() == 0
