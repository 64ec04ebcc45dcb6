"""A released state with data in it is upgraded to this one."""

import sys

import children
import databases
import migrate_look
import migrate_story
import odoo_log
import odoo_run
import places
import releases
import run_demo

# As if an hour had passed: the next fetch renews the tokens with what is stored.
WORN_OUT = (
    "UPDATE open_banking_consent SET access_token_until = now() AT TIME ZONE 'UTC'"
)


def migrate(bench):
    """a released state with data is upgraded: nothing lost, nothing twice"""
    release = releases.listed()[-1]
    commit = releases.commit_of(release)
    if commit:
        _upgrade(bench, release, odoo_run.addons_argument_of(releases.folder(commit)))
    else:
        bench.leave_out(
            "migrate",
            f"the state {release.version} is not in the history of this folder"
            " (a copy without history, or a shallow clone)",
        )


def _upgrade(bench, release, old_addons):
    server = bench.run.server
    name = bench.run.copy_of(databases.template(server), "migrate")
    install = ["-d", name, "-i", places.ADDON, "--stop-after-init", old_addons]
    if not bench.odoo(f"install of {release.version}", install):
        return
    # The story borrows the rehearsal bank's customer.
    sys.path.append(str(places.packages_link()))
    with run_demo.Servers() as servers:
        servers.logs = bench.logs
        bank_url = servers.bank()
        scene = _Scene(bench, servers, name)
        scene.serve(migrate_story.before, bank_url, old_addons)
        before = migrate_look.look(server, name)
        arguments = ["-d", name, "-u", places.ADDON, "--stop-after-init"]
        if not bench.odoo(f"upgrade from {release.version}", arguments):
            return
        _compare(bench, name, before)
        server.sql(WORN_OUT, name)
        bench.check(
            f"fetching after the upgrade from {release.version}",
            scene.serve(migrate_story.after, bank_url),
        )


def _compare(bench, name, before):
    server = bench.run.server
    after = migrate_look.look(server, name, before)
    bench.check("nothing is lost by the upgrade", migrate_look.lost(before, after))
    if fresh := bench.installed():
        unlike = migrate_look.unlike_fresh(server, name, fresh, migrate_story.CHANGED)
        bench.check("an upgraded database is like a new one", unlike)


class _Scene:
    """Odoo is started for a part of the story, and ended after it."""

    def __init__(self, bench, servers, name):
        self.bench, self.servers, self.name = bench, servers, name

    def serve(self, part, bank_url, *arguments):
        """Play a part of the story; returns what it says."""
        port = odoo_run.free_port()
        address = f"http://127.0.0.1:{port}"
        server = self.bench.run.server
        run_demo.set_parameter(server, self.name, "web.base.url", address)
        self.servers.odoo(self.name, port, *arguments)
        started = self.servers.started[-1]
        try:
            return part(address, bank_url, self.name)
        finally:
            self.servers.started.remove(started)
            children.stop(started[1])
            title = f"log of Odoo, {part.__name__} the upgrade"
            self.bench.check(title, odoo_log.bad_entries(started[2]))
