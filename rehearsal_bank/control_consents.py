"""Control of consents: let them expire, be revoked, be limited; and fetches."""

from datetime import timedelta

from . import events, flow, tokens
from .banks import BANKS, SEED_BANK
from .clock import instant_text, parse_instant
from .reply import Unknown


def consent_dict(world, consent):
    """A consent as control shows it."""
    return {
        "id": consent.id,
        "email": consent.email,
        "user_id": consent.user_id,
        "scopes": list(consent.scopes),
        "created": consent.created.isoformat(),
        "revoked": consent.revoked,
        "needs_update": consent.needs_update,
        "refuse_until": _iso(consent.refuse_until),
        "account_ids": list(consent.account_ids),
        "connections": [
            {
                "bank": connection.bank_id,
                "user": connection.bank_user,
                "expires_at": _iso(connection.expires_at),
                "login_required": connection.login_required,
                "rate_limited_until": _iso(connection.rate_limited_until),
            }
            for connection in consent.connections
        ],
    }


def _iso(instant):
    return instant.isoformat() if instant else None


def _chosen(world, body):
    """The consents meant: that of ``consent``, else all living ones."""
    if body.get("consent"):
        if body["consent"] not in world.consents:
            raise Unknown(f"consent {body['consent']}")
        return [world.consents[body["consent"]]]
    found = [c for c in world.consents.values() if not c.revoked]
    if not found:
        raise ValueError("there is no consent yet")
    return found


def _connections(consent, body):
    bank = body.get("bank")
    return [c for c in consent.connections if bank in (None, c.bank_id)]


def _give(world, body):
    """Give a consent without a walk through the pages: where hundreds are needed."""
    known = {"bank", "user", "email", "accounts", "redirect_uri"}
    if unknown := set(body) - known:
        raise ValueError(f"unknown members: {sorted(unknown)}")
    bank = BANKS.get(body.get("bank", SEED_BANK))
    if bank is None:
        raise ValueError(f"no such bank: {body['bank']}")
    found = world.accounts_at(bank, body["user"])
    if "accounts" in body:
        found = [a for a in found if any(a.is_called(n) for n in body["accounts"])]
    if not found:
        raise ValueError("there is no such account at the bank")
    given = flow.new_flow(
        world,
        bank,
        email=body["email"],
        scopes=("accounts", "offline_access"),
        redirect_uri=body["redirect_uri"],
    )
    given.bank_user, given.chosen = body["user"], found
    address = flow.end(world, given, success=True)
    events.queue_sync(world, given.consent)
    code = tokens.newest_code(world, given.consent)
    return {"consent": given.consent.id, "code": code, "back": address}


def _expire(world, body):
    """The bank login ends; ``mode`` says what else does."""
    mode = body.get("mode", "login")
    if mode not in ("login", "access_token", "tokens"):
        raise ValueError("mode is login, access_token or tokens")
    for consent in _chosen(world, body):
        if mode == "access_token":
            tokens.drop_tokens(world, consent, refresh=False)
            continue
        if mode == "tokens":
            tokens.drop_tokens(world, consent)
        for connection in _connections(consent, body):
            connection.login_required = True
            connection.expires_at = min(connection.expires_at, world.clock.now())
            events.login_required(world, consent, connection, body.get("reason"))
    return _listed(world, body)


def _warn(world, body):
    """ConnectionUpdateRequired some days before the end; nothing stops."""
    expires = world.clock.now() + timedelta(days=int(body.get("days", 7)))
    if body.get("expires_at"):
        expires = parse_instant(body["expires_at"])
    for consent in _chosen(world, body):
        for connection in _connections(consent, body):
            connection.expires_at = expires
            connection.announced = True
            events.login_required(world, consent, connection, body.get("reason"))
    return _listed(world, body)


def _revoke(world, body):
    for consent in _chosen(world, body):
        consent.revoked = True
        tokens.drop_tokens(world, consent)
        events.emit(world, consent, "ConsentRevoked", None)
    return _listed(world, body)


def _needs_update(world, body):
    """The sharing must be given again; with ``refuse`` reads answer 403."""
    reason = body.get("reason", "Consent expired")
    for consent in _chosen(world, body):
        consent.needs_update = bool(body.get("refuse", True))
        events.emit(
            world,
            consent,
            "ConsentNeedsUpdate",
            {"reason": reason},
        )
    return _listed(world, body)


def _rate_limit(world, body):
    """No fetches until then; with ``refuse`` reads answer 429."""
    until = parse_instant(body["until"])
    for consent in _chosen(world, body):
        if body.get("refuse", True):
            consent.refuse_until = until
        for connection in _connections(consent, body):
            connection.rate_limited_until = until
            data = {
                "rateLimitedUntil": instant_text(until),
                "accountIds": events.account_ids(world, consent, connection),
            }
            events.emit(
                world,
                consent,
                "ConnectionRateLimited",
                data,
            )
    return _listed(world, body)


def _remove_connection(world, body):
    """One bank goes from the consent: ConnectionRemoved."""
    for consent in _chosen(world, body):
        for connection in _connections(consent, body):
            gone = events.account_ids(world, consent, connection)
            consent.connections.remove(connection)
            consent.account_ids = [i for i in consent.account_ids if i not in gone]
            events.emit(
                world,
                consent,
                "ConnectionRemoved",
                {"accountIds": gone},
            )
    return _listed(world, body)


def _restore(world, body):
    """Undo expire, needs-update and rate-limit (not revoke)."""
    for consent in _chosen(world, body):
        consent.needs_update, consent.refuse_until = False, None
        for connection in consent.connections:
            connection.login_required = False
            connection.rate_limited_until = None
            connection.expires_at = world.login_end(connection.bank_id)
            connection.announced = False
    return _listed(world, body)


def _sync(world, body):
    """Fetch now, whatever the switch ``sync`` says."""
    for consent in _chosen(world, body):
        events.run_sync(world, consent)
    return _listed(world, body)


def _listed(world, body):
    shown = [consent_dict(world, c) for c in world.consents.values()]
    return {"consents": shown}


ACTIONS = {
    ("GET", "consents"): _listed,
    ("POST", "consents/give"): _give,
    ("POST", "consents/expire"): _expire,
    ("POST", "consents/warn"): _warn,
    ("POST", "consents/revoke"): _revoke,
    ("POST", "consents/needs-update"): _needs_update,
    ("POST", "consents/rate-limit"): _rate_limit,
    ("POST", "consents/remove-connection"): _remove_connection,
    ("POST", "consents/restore"): _restore,
    ("POST", "sync"): _sync,
}
