"""Programs that this process starts, and that must not outlive it."""

import contextlib
import ctypes
import os
import signal
import subprocess

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent():
    """Ask the kernel for a SIGTERM when the parent dies, even by kill -9."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def sigterm_as_interrupt():
    """Let SIGTERM and SIGHUP end this process as Ctrl-C does: tidily."""

    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)


def start(command, **options):
    """Start a program in a process group of its own; returns its Popen."""
    return subprocess.Popen(
        [str(part) for part in command],
        start_new_session=True,
        preexec_fn=_die_with_parent,
        **options,
    )


def stop(child, patience=15):
    """End a program and all it started; by force after `patience` seconds."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(patience)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def run(command, timeout, stdin_text=None, **options):
    """Run a program to its end; its exit code, or None after `timeout` seconds.

    It ends with us, so that it does not work on in a folder that the next run
    of ours is repairing.
    """
    stdin = subprocess.DEVNULL if stdin_text is None else subprocess.PIPE
    child = start(command, stdin=stdin, text=True, **options)
    try:
        child.communicate(stdin_text, timeout=timeout)
    except subprocess.TimeoutExpired:
        return None
    finally:
        stop(child)
    return child.returncode


def run_logged(command, log, **options):
    """Run a program to its end, output added to a log file; its exit code."""
    with open(log, "ab") as file:
        return run(command, timeout=None, stdout=file, stderr=file, **options)
