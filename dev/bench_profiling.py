"""./dev/bench --profile: where the time of an import goes."""

from say import say


def profile(scene):
    """Import an account, and read it once more; print where the profile is."""
    rows, path = scene.options.profile_rows, scene.folder / "profile.txt"
    database = scene.database("profile")
    with scene.inside(database) as odoo:
        for count, target in ((200, None), (rows, str(path))):
            name = scene.bank_account(f"Konto {count}", count)
            made = odoo.order("connect", bank=scene.bank, user="karen", accounts=[name])
            accounts = {"accounts": made["accounts"]}
            odoo.order("fetch", **accounts, profile=target)
            odoo.order("fetch", **accounts, whole_window=True, profile=target)
    say(f"{rows:,} new lines, then the same again: {path}")
    return 0
