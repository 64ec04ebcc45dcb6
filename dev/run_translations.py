"""./dev/translations: the files in i18n/ brought up to date with the code.

Installs the add-on in a database of its own, lets Odoo write the template (.pot), and
merges that into each language (.po): translations stay, new terms are added empty,
terms that are gone move to the end of the file as remarks (#~), from where they return
when the code has them again. Prints what is left to translate. Doing it twice changes
nothing.

    ./dev/translations            all languages in i18n/
    ./dev/translations fr         one more language, without a translation yet
    ./dev/translations --tidy     also drop the remarks
"""

import sys
import tempfile
from pathlib import Path

import polib

import cluster
import databases
import odoo_log
import places
from say import Stop, run_main, say, tail

FOLDER = places.ROOT / "i18n"
TEMPLATE = FOLDER / f"{places.ADDON}.pot"
# Neither dates nor names: the files change only when a term does.
METADATA = {
    "Project-Id-Version": "Odoo Server 19.0",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
}


def export(server, run):
    """Let Odoo write the terms of the code; returns them as a polib file."""
    name = run.copy_of(databases.template(server), "translations")
    log = places.cache() / "translations.log"
    say("Installing the add-on (usually half a minute) ...")
    call(["-d", name, "-i", places.ADDON, "--stop-after-init"], log)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "terms.pot"
        call(["i18n", "export", "-d", name, "-o", str(target), places.ADDON], log)
        return polib.pofile(str(target))


def call(arguments, log):
    """Run Odoo to its end; an error or a warning stops the command."""
    code = databases.call_odoo(arguments, log)
    if bad := odoo_log.bad_entries(log):
        raise Stop("\n".join([*bad, f"Odoo warned (log: {log})."]))
    if code != 0:
        raise Stop(f"{tail(log)}Odoo ended with {code} (log: {log}).")


def read(path):
    """Return the translations of a language, none if the file is not there yet."""
    return polib.pofile(str(path)) if path.exists() else polib.POFile()


def merge(translations, terms, tidy=False):
    """Bring the terms of a language up to date, in the template's order."""
    translations.merge(terms)
    kept = [e for e in translations if not e.obsolete or (e.msgstr and not tidy)]
    # A list with a header of its own: its content is replaced, not the object.
    translations[:] = sorted(kept, key=lambda e: (e.obsolete, e.msgid))


def write(entries, path, language=""):
    """Write a file when its content has changed.

    :return: whether it had changed
    """
    about = f"The terms of {places.ADDON}, written by ./dev/translations."
    entries.header = "" if language else about
    entries.metadata = {**METADATA, **({"Language": language} if language else {})}
    text = f"{entries}".rstrip("\n") + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


def report(path, translations, changed):
    """Say how far a language is."""
    live = [entry for entry in translations if not entry.obsolete]
    done = sum(entry.translated() for entry in live)
    fuzzy = sum(entry.fuzzy for entry in live)
    doubt = f", {fuzzy} to be looked at" if fuzzy else ""
    told = f"{done} of {len(live)} terms translated{doubt}"
    print(f"{path.name}: {told} ({told_apart(changed)})")


def told_apart(changed):
    return "changed" if changed else "as it was"


def bring_up_to_date(terms, languages, tidy):
    """Write the template and each language."""
    changed = write(terms, TEMPLATE)
    print(f"{TEMPLATE.name}: {len(terms)} terms ({told_apart(changed)})")
    for path in sorted({*FOLDER.glob("*.po"), *languages}):
        translations = read(path)
        merge(translations, terms, tidy)
        report(path, translations, write(translations, path, path.stem))


def parse(arguments):
    """Return the files of the languages named, and whether to tidy."""
    names = [each for each in arguments if each != "--tidy"]
    if wrong := [each for each in names if not each.replace("_", "").isalpha()]:
        raise Stop(f"{wrong[0]} is no language: see ./dev/translations --help.")
    return [FOLDER / f"{name}.po" for name in names], "--tidy" in arguments


def main():
    arguments = sys.argv[1:]
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__.strip())
        return
    languages, tidy = parse(arguments)
    with cluster.running() as server, databases.Run(server) as run:
        bring_up_to_date(export(server, run), languages, tidy)


if __name__ == "__main__":
    run_main(main)
