"""./dev/fuzz: damaged answers of the bank and damaged requests to the public pages.

Three parts, each from one seed: "answers" on the client and the matcher alone;
"imports", a real import that reads through a peer which damages what the bank says,
until in the end the books must be the bank's list all the same; "requests" on the
pages and the webhook of a real Odoo, which may not change, tell or redirect anything.
Ends with 0 when nothing was wrong. All of it takes about a quarter of an hour.
"""

import argparse
import secrets
import sys

import children
import cluster
import databases
import fuzz_answers
import fuzz_imports
import fuzz_requests
import places
import run_demo
from say import run_main, say

DEFAULTS = {"answers": 50_000, "imports": 2000, "requests": 5000}


def parse(arguments):
    """Read the command line."""
    intro, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(prog="./dev/fuzz", description=intro, epilog=rest)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(DEFAULTS)} (all)"
    )
    for part, count in DEFAULTS.items():
        parser.add_argument(
            f"--{part}", type=int, default=count, metavar="N", help=f"default: {count}"
        )
    parser.add_argument("--seed", type=int, help="default: one that is printed")
    options = parser.parse_args(arguments)
    unknown = set(options.parts) - set(DEFAULTS)
    if unknown:
        parser.error(f"unknown part: {', '.join(sorted(unknown))}")
    return options


def rehearse(options, seed):
    """Run the parts asked for; what is wrong, as sentences."""
    wanted = options.parts or list(DEFAULTS)
    # Without Odoo: bank_api, feed, the model of a bank, the rehearsed customer.
    sys.path += [str(places.packages_link()), str(places.ROOT / "feed" / "tests")]
    problems = []
    if "answers" in wanted:
        with run_demo.Servers() as servers:
            problems += fuzz_answers.run(servers.bank(), options.answers, seed)
    if not {"imports", "requests"} & set(wanted):
        return problems
    with cluster.running() as server, databases.Run(server) as database_run:
        for part, module in (("imports", fuzz_imports), ("requests", fuzz_requests)):
            if part in wanted:
                name = database_run.database(part)
                run_demo.prepare_database(server, name, fresh=True)
                problems += module.run(server, name, getattr(options, part), seed)
    return problems


def main():
    options = parse(sys.argv[1:])
    children.sigterm_as_interrupt()
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    say(f"Seed: {seed}")
    problems = rehearse(options, seed)
    for problem in problems[:50]:
        say(f"WRONG {problem}")
    say(f"Wrong in all: {len(problems) or 'nothing'}")
    return 1 if problems else 0


if __name__ == "__main__":
    run_main(main)
