"""./dev/screenshots: a picture of every screen, in English and in Danish.

It tells the demonstration's story on a fresh database, stops at each screen that
people see, and puts its picture into a folder outside of the tree, to be looked at.
"""

import argparse
import sys
from pathlib import Path

import browser
import cluster
import databases
import demo_story
import odoo_run
import places
import run_demo
import screens
from say import run_main, say

LANGUAGES = ("en_US", "da_DK")


def parse(arguments):
    """Read the command line."""
    intro, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="./dev/screenshots", description=intro, epilog=rest
    )
    parser.add_argument("--into", type=Path, help="the folder for the pictures")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="screens whose name holds this text"
    )
    parser.add_argument("--lang", choices=LANGUAGES, help="one language only")
    options = parser.parse_args(arguments)
    options.into = places.made(options.into or places.cache() / "screens")
    return options


class Studio:
    """Where pictures are taken: a database at work, a browser, two languages."""

    def __init__(self, window, server, database, urls, options):
        self.window, self.server, self.database = window, server, database
        self.odoo_url, self.bank_url = urls
        self.options = options
        self.missed = []
        self.odoo = demo_story.Odoo(self.odoo_url, database)
        self.languages = (options.lang,) if options.lang else LANGUAGES

    def sql(self, query):
        """Change what stands in the database, to bring a state about."""
        self.server.sql(query, self.database)

    def learn_languages(self):
        """Let Odoo speak them all."""
        for code in LANGUAGES[1:]:
            wizard = self.odoo.call(
                "base.language.install",
                "create",
                {"lang_ids": [(6, 0, self._language(code))], "overwrite": True},
            )
            self.odoo.call("base.language.install", "lang_install", [wizard])

    def _language(self, code):
        domain = [("code", "=", code), ("active", "in", [True, False])]
        found = self.odoo.search_read("res.lang", domain, ["id"])
        return [each["id"] for each in found]

    def in_each_language(self):
        """Let the user speak one language after the other; yields the code."""
        for lang in self.languages:
            self.odoo.call("res.users", "write", [self.odoo.user], {"lang": lang})
            yield lang

    def take(self, name, address, ready, size=(1366, 900), prepare=None, whole=False):
        """Take a picture of a screen in each language."""
        if self.options.only not in name:
            return
        session = self.odoo.session.cookies.get("session_id")
        self.window.cookie(self.odoo_url, "session_id", session)
        for lang in self.in_each_language():
            path = self.options.into / f"{name}-{lang[:2]}.png"
            try:
                self.window.size(*size)
                self.window.open(self._full(address, lang), ready)
                if prepare:
                    prepare(self.window)
                self.window.picture(path, whole)
                say(f"  {path}")
            except RuntimeError as error:
                self.missed.append(f"{name} ({lang}): {error}")
                say(f"  NOT TAKEN: {self.missed[-1]}")

    def _full(self, address, lang):
        address = address if "://" in address else self.odoo_url + address
        return address.replace("LANG", lang)


def shoot(server, database, options):
    """Start the servers, and take every picture; the exit code."""
    port = odoo_run.free_port()
    for key, value in (("", f"http://127.0.0.1:{port}"), (".freeze", "True")):
        run_demo.set_parameter(server, database, f"web.base.url{key}", value)
    with run_demo.Servers() as servers, browser.Browser() as window:
        urls = servers.odoo(database, port), servers.bank()
        sys.path.append(str(places.packages_link()))
        studio = Studio(window, server, database, urls, options)
        screens.take_all(studio)
    say(f"The pictures are in {options.into}.")
    return 1 if studio.missed else 0


def main():
    options = parse(sys.argv[1:])
    with cluster.running() as server, databases.Run(server) as run:
        name = run.database("screens")
        run_demo.prepare_database(server, name, fresh=True)
        return shoot(server, name, options)


if __name__ == "__main__":
    run_main(main)
