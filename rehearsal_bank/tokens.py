"""Codes and tokens: single-use codes, JWT-looking tokens, rotation."""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from dataclasses import dataclass

from .reply import Refusal

_KEY = secrets.token_bytes(32)
_TOKENS_KEPT = 5000


@dataclass
class Code:
    """An authorisation code."""

    consent_id: str
    redirect_uri: str
    dies_at: float


@dataclass
class Token:
    """An access or a refresh token, with the instant it dies (bank clock)."""

    consent_id: str
    dies_at: float
    session_id: str


def new_code():
    """About 300 characters with ``/``, ``+`` and ``=`` in its raw form."""
    while True:
        code = base64.b64encode(secrets.token_bytes(220)).decode()
        if "/" in code and "+" in code:
            return code


def jwt(claims):
    """A compact JWT, HS256."""
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    signed = ".".join(_b64(json.dumps(part, separators=(",", ":"))) for part in parts)
    mac = hmac.new(_KEY, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_b64(mac)}"


def _b64(value):
    raw = value.encode() if isinstance(value, str) else value
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def issue_code(world, consent, redirect_uri):
    """Make a code for the consent."""
    code = new_code()
    dies = world.clock.timestamp() + world.settings.code_seconds
    world.issued["code"].append(code)
    world.codes[code] = Code(consent.id, redirect_uri, dies)
    return code


def newest_code(world, consent):
    """The code that was made last for a consent."""
    found = [
        text for text, code in world.codes.items() if code.consent_id == consent.id
    ]
    return found[-1]


def redeem_code(world, code, redirect_uri):
    """The consent of a code, once. Raises Refusal 400."""
    known = world.codes.pop(code, None) if isinstance(code, str) else None
    if known is None:
        raise Refusal(400, "InvalidInput", "Unknown code")
    if known.dies_at < world.clock.timestamp():
        raise Refusal(400, "InvalidInput", "Code expired")
    if redirect_uri is not None and redirect_uri != known.redirect_uri:
        raise Refusal(400, "InvalidInput", "redirect_uri is not that of the code")
    return world.consents[known.consent_id], known.redirect_uri


def redeem_refresh(world, text):
    """The consent and session of a refresh token. Raises Refusal 400."""
    token = world.refresh_tokens.get(text) if isinstance(text, str) else None
    now = world.clock.timestamp()
    if token is None:
        raise Refusal(400, "InvalidInput", "Unknown refresh token")
    if token.dies_at < now:
        raise Refusal(400, "InvalidInput", "Refresh token expired")
    consent = world.consents.get(token.consent_id)
    if consent is None or consent.revoked or _data_gone(consent, world):
        raise Refusal(400, "InvalidInput", "Consent is no longer valid")
    if world.settings.rotate_refresh_token:
        grace = world.settings.old_refresh_token_grace
        if grace >= 0:
            # a token just replaced lives for the grace time, by default not at all
            token.dies_at = min(token.dies_at, now + grace - 1e-6)
    return consent, token.session_id


def issue_pair(world, consent, session_id=None, keep_refresh=None):
    """New tokens; returns the members of the token answer."""
    now = world.clock.timestamp()
    settings = world.settings
    session = session_id or str(uuid.uuid4())
    shared = {"userId": consent.user_id, "clientId": settings.client_id}
    scopes = [_SCOPE_NAMES.get(s, s) for s in consent.scopes]
    access_dies = now + settings.access_token_seconds
    access = jwt(
        shared
        | {"role": "ClientUser", "sessionId": session, "scopes": " ".join(scopes)}
        | _times(now, access_dies)
    )
    world.issued["access_token"].append(access)
    world.access_tokens[access] = Token(consent.id, access_dies, session)
    _forget_dead(world.access_tokens, now)
    refresh = keep_refresh
    if refresh is None:
        dies = now + settings.refresh_token_seconds
        refresh = jwt(
            shared
            | {"consentId": consent.id, "role": "RefreshToken", "sessionId": session}
            | _times(now, dies)
        )
        world.issued["refresh_token"].append(refresh)
        world.refresh_tokens[refresh] = Token(consent.id, dies, session)
    return {
        "access_token": access,
        "expires_in": settings.access_token_seconds,
        "refresh_token": refresh,
        "token_type": "bearer",
    }


def _forget_dead(store, now):
    """Keep the store small; a forgotten token is as refused as a dead one."""
    if len(store) > _TOKENS_KEPT:
        for text in [text for text, token in store.items() if token.dies_at < now]:
            del store[text]


_SCOPE_NAMES = {
    "accounts": "Accounts",
    "offline_access": "OfflineAccess",
    "payments:inbound": "InboundPayments",
    "payments:outbound": "OutboundPayments",
}


def _times(now, dies):
    # jti keeps two tokens of one second apart
    begins = int(now)
    return {"nbf": begins, "exp": int(dies), "iat": begins, "jti": uuid.uuid4().hex}


def _data_gone(consent, world):
    return consent.data_until is not None and consent.data_until < world.clock.now()


def consent_of(world, header):
    """The consent a Bearer header speaks for. Raises Refusal 401."""
    scheme, _, text = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise _unauthorized("Bearer token is missing")
    token = world.access_tokens.get(text.strip())
    if token is None:
        raise _unauthorized("Access token is unknown")
    if token.dies_at < world.clock.timestamp():
        raise _unauthorized("Access token expired")
    consent = world.consents.get(token.consent_id)
    if consent is None or consent.revoked:
        raise _unauthorized("Consent was revoked")
    if _data_gone(consent, world):
        raise _unauthorized("One-time access ended after 24 hours")
    return consent


def check_client(world, header):
    """Check a Basic header (the pair in ISO-8859-1). Raises Refusal 401."""
    scheme, _, text = (header or "").partition(" ")
    try:
        pair = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        pair = b""
    settings = world.settings
    wanted = f"{settings.client_id}:{settings.client_secret}".encode("iso-8859-1")
    if scheme.lower() != "basic" or not hmac.compare_digest(pair, wanted):
        raise _unauthorized("Client id or secret is wrong", "Basic")


def _unauthorized(reason, scheme="Bearer"):
    return Refusal(401, "Unauthorized", reason, {"WWW-Authenticate": scheme})


def drop_tokens(world, consent, access=True, refresh=True):
    """Make the tokens of a consent unknown."""
    for wanted, store in (
        (access, world.access_tokens),
        (refresh, world.refresh_tokens),
    ):
        if wanted:
            for text in [t for t, k in store.items() if k.consent_id == consent.id]:
                del store[text]
