"""Run the rehearsed bank: ``python -m rehearsal_bank --port 8090``."""

import argparse
import sys

from . import seeds
from .app import Rehearsal
from .server import Server


def parse(arguments=None):
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="rehearsal_bank", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090, help="0: any free one")
    parser.add_argument("--seed", default="demo", help="demo, small, big or empty")
    parser.add_argument("--redirect-uri", action="append", default=[])
    parser.add_argument("--webhook-url", default="")
    parser.add_argument("--webhook-secret", default="")
    parser.add_argument("--client-id", default="rehearsal-client")
    parser.add_argument("--client-secret", default="rehearsal-secret")
    return parser.parse_args(arguments)


def make_bank(seed="demo", **settings):
    """A Rehearsal (a WSGI application) with a seed planted."""
    bank = Rehearsal(**settings)
    seeds.plant(bank.world, seed)
    return bank


def main(arguments=None):
    """Serve until interrupted; prints one line when it listens."""
    options = parse(arguments)
    try:
        bank = make_bank(
            options.seed,
            redirect_uris=options.redirect_uri,
            webhook_url=options.webhook_url,
            webhook_secret=options.webhook_secret,
            client_id=options.client_id,
            client_secret=options.client_secret,
        )
    except ValueError as error:
        sys.exit(f"rehearsal bank: {error}")
    with Server(bank, options.host, options.port) as server:
        print(f"rehearsal bank ready on {server.address}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
