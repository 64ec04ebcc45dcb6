"""Accounts, transactions, update, providers and consents on the wire."""

from email.utils import format_datetime

from . import events, flow, listing, render, tokens
from .banks import BANKS, provider_json
from .query import Query
from .reply import Refusal, Reply, invalid


def flag(request, name, default):
    """A boolean query parameter; "True" and "true" alike. Raises 400."""
    value = request.args.get(name)
    if value is None or value == "":
        return default
    if value.lower() not in ("true", "false"):
        raise invalid(f"{name} must be true or false", **{name: "not a boolean"})
    return value.lower() == "true"


def consent_for(world, request):
    """The consent of the call, if it may read now. Raises 401, 403, 429."""
    consent = tokens.consent_of(world, request.headers.get("Authorization"))
    now = world.clock.now()
    if consent.refuse_until and consent.refuse_until > now:
        raise rate_limited(world, consent.refuse_until)
    if consent.needs_update:
        raise Refusal(403, "ConsentNeedsUpdate", "The consent must be given again")
    return consent


def rate_limited(world, until):
    """A 429, with ``Retry-After`` as the switch says."""
    after, headers = world.settings.retry_after, {}
    if after == "date":
        headers["Retry-After"] = format_datetime(until, usegmt=True)
    elif after is not None:
        headers["Retry-After"] = str(after)
    return Refusal(429, "TooManyRequests", "Too many requests", headers)


def accounts(world, request):
    """``GET /v1/accounts``."""
    consent = consent_for(world, request)
    orphaned = flag(request, "includeOrphaned", True)
    migration = flag(request, "showNagMigrationDetails", False)
    group = request.args.get("accountsGroupId")
    shown = []
    for number in consent.account_ids:
        access = world.accesses[number]
        if access.account.orphaned and not orphaned:
            continue
        if group is None or group in access.groups:
            shown.append(render.account_json(access, world.settings, migration))
    return Reply({"accounts": shown})


def _access(world, request, account_id):
    consent = consent_for(world, request)
    if account_id not in consent.account_ids:
        raise Refusal(404, "NotFound", "No such account in this consent")
    return world.accesses[account_id]


def account(world, request, account_id):
    """``GET /v1/accounts/{id}``."""
    access = _access(world, request, account_id)
    migration = flag(request, "showNagMigrationDetails", False)
    return Reply(render.account_json(access, world.settings, migration))


def transactions(world, request, account_id):
    """``GET /v1/accounts/{id}/transactions``."""
    access = _access(world, request, account_id)
    size = listing.page_size(world.settings, request.args.get("pageSize"))
    deleted = flag(request, "includeDeleted", False)
    token = request.args.get("pagingToken")
    migration = flag(request, "showNagMigrationDetails", False)
    _new_ids_on_first_page(access, token)
    rows = listing.entries(world, access, deleted)
    scope = ["get", deleted]
    return _page(world, access, rows, size, token, scope, migration)


def transactions_query(world, request, body, account_id):
    """``POST /v1/accounts/{id}/transactions/query``."""
    access = _access(world, request, account_id)
    query = Query(body, world)
    size = listing.page_size(world.settings, query.page_size)
    deleted = flag(request, "includeDeleted", False)
    _new_ids_on_first_page(access, query.paging_token)
    asked = None if query.is_open else query
    rows = listing.entries(world, access, deleted, asked)
    scope = ["query", deleted, query.scope]
    return _page(world, access, rows, size, query.paging_token, scope)


def _new_ids_on_first_page(access, token):
    if access.account.ids_change and not token:
        access.account.ledger.renew_ids(keep_ghosts=False)


def _page(world, access, rows, size, token, scope, migration=False):
    shown, following = listing.page(world, access, rows, size, token, scope)
    now = world.clock.now()
    found = [
        render.transaction_json(
            access, place, generation, world.settings, now, migration
        )
        for _uid, generation, place in shown
    ]
    return Reply({"pagingToken": following, "transactions": found})


def transaction(world, request, account_id, transaction_id):
    """``GET /v1/accounts/{id}/transactions/{transactionId}``."""
    access = _access(world, request, account_id)
    entry = find_entry(world, access, transaction_id)
    if entry is None:
        raise Refusal(404, "NotFound", "No such transaction")
    _uid, generation, place = entry
    now = world.clock.now()
    return Reply(
        render.transaction_json(access, place, generation, world.settings, now)
    )


def find_entry(world, access, transaction_id):
    """The row of that id, old ids included, or None."""
    per_account = world.settings.transaction_ids == "per_account_id"
    patches = access.account.ledger.patches
    ledger = access.account.ledger
    for code in listing.entries(world, access, True):
        entry = listing.unpack(ledger, code)
        given = patches.get(entry[0], {}).get("id")
        if transaction_id in (
            given,
            access.transaction_id(entry[0], entry[1], per_account),
        ):
            return entry
    return None


def update(world, request, body):
    """``POST /v1/update``: queue a fetch, or ask for the customer."""
    consent = consent_for(world, request)
    address = body.get("redirectUrl")
    if address not in world.settings.redirect_uris:
        raise invalid("redirectUrl is not registered", redirectUrl="not registered")
    waiting = [c for c in consent.connections if _needs_login(world, c)]
    answer = world.settings.update_answer
    if answer == "auto":
        answer = "SupervisedLoginRequired" if waiting else "AllQueued"
    if answer == "AllQueued":
        events.queue_sync(world, consent)
        return Reply({"status": "AllQueued"})
    connection = (waiting or consent.connections or [None])[0]
    if connection is None:
        raise Refusal(409, "NoConnection", "The consent has no bank connection")
    started = flow.new_update(world, consent, connection, address)
    url = f"{request.host_url.rstrip('/')}/app/update?sessionId={started.id}"
    return Reply({"status": "SupervisedLoginRequired", "authUrl": url})


def _needs_login(world, connection):
    bank = BANKS[connection.bank_id]
    over = connection.expires_at <= world.clock.now()
    return connection.login_required or over or not bank.unattended


def all_accounts_selected(world, request, consent_id):
    """``GET /v1/consent/{id}/all-accounts-selected``; 403 for one-time users."""
    consent = consent_for(world, request)
    if consent.id != consent_id.lower():
        raise Refusal(404, "NotFound", "No such consent")
    if "offline_access" not in consent.scopes:
        raise Refusal(403, "Forbidden", "Not allowed for this type of user")
    return Reply({"allAccountsSelected": world.all_selected(consent)})


def providers(world, request):
    """``GET /v2/providers``."""
    tokens.check_client(world, request.headers.get("Authorization"))
    shown = [provider_json(bank) for bank in BANKS.values()]
    if world.settings.providers_shape == "object":
        return Reply({"providers": shown})
    return Reply(shown)


def provider(world, request, provider_id):
    """``GET /v2/providers/{id}``."""
    tokens.check_client(world, request.headers.get("Authorization"))
    if provider_id not in BANKS:
        raise Refusal(404, "NotFound", "No such provider")
    return Reply(provider_json(BANKS[provider_id]))
