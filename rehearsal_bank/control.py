"""The control API under ``/_control/``: set the scene, read the truth."""

from . import control_consents, control_rows, events, json_text, seeds
from .clock import parse_instant
from .faults import as_dict, make_fault
from .reply import Refusal, Reply, Unknown


def handle(world, request):
    """Answer a control call: JSON in, JSON out; 400 with a clear sentence."""
    name = request.path[len("/_control/") :].strip("/")
    action = _ACTIONS.get((request.method, name))
    if action is None:
        known = sorted(" ".join(key) for key in _ACTIONS)
        return Reply({"error": "NotFound", "known": known}, 404)
    try:
        body = json_text.loads(request.get_data() or b"{}")
        if not isinstance(body, dict):
            raise ValueError("the body is a JSON object")
        with world.lock:
            return Reply(action(world, body | request.args.to_dict()))
    except Refusal as refusal:
        return refusal.reply()
    except (ValueError, TypeError) as error:
        return _refuse(str(error))
    except Unknown as error:
        return _refuse(f"unknown: {error}", 404)
    except KeyError as error:
        return _refuse(f"missing: {error}")


def _refuse(sentence, status=400):
    return Reply({"error": "BadControl", "details": {"reason": sentence}}, status)


def _reset(world, body):
    _only(body, "seed", "now", "keep_settings", "keep_clock")
    name = body.get("seed", "demo")
    seeds.check(name)
    now = parse_instant(body["now"]) if body.get("now") else None
    if not body.get("keep_settings"):
        world.fresh_settings()
    if not body.get("keep_clock"):
        world.clock.reset()
    if now is not None:
        world.clock.set(now)
    world.faults.clear()
    world.requests.clear()
    world.webhooks.clear()
    seeds.plant(world, name)
    return state(world, {})


def _only(body, *names):
    unknown = set(body) - set(names)
    if unknown:
        raise ValueError(f"unknown members: {sorted(unknown)}")


def _clock(world, body):
    _only(body, "now", "advance_seconds", "real")
    if body.get("real"):
        world.clock.reset()
    if "now" in body:
        world.clock.set(parse_instant(body["now"]))
    if "advance_seconds" in body:
        world.clock.advance(body["advance_seconds"])
    return {"now": world.clock.now().isoformat()}


def _settings(world, body):
    world.settings.update(body)
    return world.settings.as_dict()


def state(world, body):
    """The whole scene in short."""
    return {
        "seed": world.seed,
        "now": world.clock.now().isoformat(),
        "today": world.clock.today().isoformat(),
        "settings": world.settings.as_dict(),
        "accounts": [control_rows.account_dict(world, a) for a in world.accounts],
        "consents": [
            control_consents.consent_dict(world, c) for c in world.consents.values()
        ],
        "faults": [as_dict(fault) for fault in world.faults],
        "tokens": {
            "access": len(world.access_tokens),
            "refresh": len(world.refresh_tokens),
        },
    }


def _add_faults(world, body):
    specs = body["faults"] if "faults" in body else [body]
    made = [make_fault(spec) for spec in specs]
    world.faults += made
    return {"faults": [as_dict(fault) for fault in world.faults]}


def _list_faults(world, body):
    return {"faults": [as_dict(fault) for fault in world.faults]}


def _drop_faults(world, body):
    world.faults.clear()
    return {"faults": []}


def _requests(world, body):
    return {"requests": world.requests.entries()}


def _drop_requests(world, body):
    world.requests.clear()
    return {"requests": []}


def _issued(world, body):
    """All that must not be found anywhere: who looks for leaks asks for it."""
    settings = world.settings
    secrets = {
        "client_secret": [settings.client_secret],
        "webhook_secret": [settings.webhook_secret] if settings.webhook_secret else [],
    }
    return {"issued": secrets | world.issued}


def _mailbox(world, body):
    email = body["email"].strip().lower()
    return {"mail": [letter for letter in world.mail if letter["to"] == email]}


def _webhook_log(world, body):
    return {"webhooks": world.webhooks.log()}


def _drop_webhooks(world, body):
    world.webhooks.clear()
    return {"webhooks": []}


def _send_webhook(world, body):
    """Send any event: {event, consent, member, data} or raw text and headers."""
    _only(body, "event", "member", "consent", "data", "raw", "headers", "redeliver")
    if body.get("redeliver"):
        world.webhooks.redeliver(body["redeliver"])
        return {"redelivered": body["redeliver"]}
    event, consent = body.get("event", "SyncDone"), body.get("consent")
    usual = events.MEMBERS.get(event, f"{event[:1].lower()}{event[1:]}Webhook")
    member = body.get("member") or usual
    inner = {"consentId": consent, "event": event, "data": body.get("data")}
    raw = body.get("raw")
    delivery = world.webhooks.send(
        event,
        consent,
        {member: inner},
        raw=None if raw is None else raw.encode(),
        headers=body.get("headers"),
    )
    return delivery.as_dict()


_ACTIONS = {
    ("POST", "reset"): _reset,
    ("POST", "clock"): _clock,
    ("GET", "clock"): lambda world, body: _clock(world, {}),
    ("POST", "settings"): _settings,
    ("GET", "settings"): lambda world, body: world.settings.as_dict(),
    ("GET", "state"): state,
    ("POST", "faults"): _add_faults,
    ("GET", "faults"): _list_faults,
    ("DELETE", "faults"): _drop_faults,
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _drop_requests,
    ("GET", "issued"): _issued,
    ("GET", "mailbox"): _mailbox,
    ("GET", "webhooks"): _webhook_log,
    ("DELETE", "webhooks"): _drop_webhooks,
    ("POST", "webhooks/send"): _send_webhook,
    **control_rows.ACTIONS,
    **control_consents.ACTIONS,
}
