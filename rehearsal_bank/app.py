"""The WSGI application: the wire, the pages and control under one roof."""

import re
import secrets
import time
import traceback

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from . import control, events, faults, json_text, walk, wire_data, wire_oauth
from .reply import Refusal, Reply, invalid
from .request_log import RequestLog
from .store import World
from .webhooks import Webhooks

_CORRELATION = re.compile(r"\|[A-Za-z0-9_-]{1,997}\.\.")
# A repeat comes within seconds; whole pages of lists are kept for it.
_ANSWERS_KEPT = 500

_API = Map(
    [
        Rule("/v1/oauth/connect", endpoint="connect", methods=["GET"]),
        Rule("/v1/oauth/token", endpoint="token", methods=["POST"]),
        Rule("/v1/accounts", endpoint="accounts", methods=["GET"]),
        Rule("/v1/accounts/<account_id>", endpoint="account", methods=["GET"]),
        Rule(
            "/v1/accounts/<account_id>/transactions",
            endpoint="transactions",
            methods=["GET"],
        ),
        Rule(
            "/v1/accounts/<account_id>/transactions/query",
            endpoint="transactions_query",
            methods=["POST"],
        ),
        Rule(
            "/v1/accounts/<account_id>/transactions/<transaction_id>",
            endpoint="transaction",
            methods=["GET"],
        ),
        Rule("/v1/update", endpoint="update", methods=["POST"]),
        Rule(
            "/v1/consent/<consent_id>/all-accounts-selected",
            endpoint="all_accounts_selected",
            methods=["GET"],
        ),
        Rule("/v2/providers", endpoint="providers", methods=["GET"]),
        Rule("/v2/providers/<provider_id>", endpoint="provider", methods=["GET"]),
    ],
    strict_slashes=False,
)
_PAGES = Map(
    [
        Rule("/app/one-time", endpoint=walk.open_session, methods=["GET"]),
        Rule("/app/update", endpoint=walk.open_session, methods=["GET"]),
        Rule("/app/flow/<number>", endpoint=walk.show, methods=["GET"]),
        Rule("/app/flow/<number>", endpoint=walk.send, methods=["POST"]),
        Rule("/mailbox", endpoint=walk.mailbox, methods=["GET"]),
    ]
)
_HANDLERS = {
    "connect": wire_oauth.connect,
    "token": wire_oauth.token,
    "accounts": wire_data.accounts,
    "account": wire_data.account,
    "transactions": wire_data.transactions,
    "transactions_query": wire_data.transactions_query,
    "transaction": wire_data.transaction,
    "update": wire_data.update,
    "all_accounts_selected": wire_data.all_accounts_selected,
    "providers": wire_data.providers,
    "provider": wire_data.provider,
}


class Rehearsal:
    """The whole rehearsal: a WSGI application around one World."""

    def __init__(self, **start_settings):
        self.world = World()
        self.world.webhooks = Webhooks(self.world)
        self.world.requests = RequestLog()
        self.world.faults = []
        self.world.start_settings = start_settings
        self.world.fresh_settings()

    def __call__(self, environ, start_response):
        request = Request(environ)
        try:
            reply = self._reply(request)
            body = reply.body()
        except Exception:
            traceback.print_exc()
            reply = Reply({"error": "InternalError", "details": {}}, 500)
            body = reply.body()
        response = Response(body, status=reply.status, content_type=reply.content_type)
        for name, value in reply.headers.items():
            response.headers[name] = str(value)
        response.headers["Cache-Control"] = "no-store"
        return response(environ, start_response)

    def tick(self):
        """Do what has become due; the server calls it now and then."""
        with self.world.lock:
            events.tick(self.world)

    def _reply(self, request):
        self.tick()
        if request.path.startswith("/_control/"):
            return control.handle(self.world, request)
        try:
            if request.path.startswith(("/v1/", "/v2/")):
                return self._api(request)
            endpoint, values = _PAGES.bind_to_environ(request.environ).match()
            with self.world.lock:
                return endpoint(self.world, request, **values)
        except HTTPException as error:
            return _http_error(error)

    def _api(self, request):
        endpoint, values = _API.bind_to_environ(request.environ).match()
        call = ApiCall(self.world, request, endpoint, values)
        reply = call.run()
        return reply


def _http_error(error):
    if error.code == 308:
        return Refusal(404, "NotFound", "No such address").reply()
    name = {404: "NotFound", 405: "MethodNotAllowed"}.get(error.code, "InvalidInput")
    return Refusal(error.code or 400, name, error.description or name).reply()


class ApiCall:
    """One call of the API: faults, idempotency, log and the handler."""

    def __init__(self, world, request, endpoint, values):
        self.world, self.request = world, request
        self.endpoint, self.values = endpoint, values
        self.consent_id = self._consent_id()
        self.fault = self._find_fault()

    def _consent_id(self):
        """Whom the call is for, for the log and the faults: a guess."""
        text = self.request.headers.get("Authorization", "").partition(" ")[2]
        token = self.world.access_tokens.get(text.strip())
        if token is None and self.endpoint == "token":
            try:
                body = json_text.loads(self.request.get_data())
                token = self.world.refresh_tokens.get(body.get("refresh_token"))
            except (ValueError, AttributeError, TypeError):
                token = None
        return token.consent_id if token else None

    def _find_fault(self):
        account = self.values.get("account_id")
        with self.world.lock:
            for fault in self.world.faults:
                if fault.takes(self.endpoint, account, self.consent_id):
                    return fault
        return None

    def run(self):
        """Carry the call out; returns the Reply with its correlation id."""
        account = self.values.get("account_id")
        log = self.world.requests
        entry = log.begin(self.request, self.endpoint, self.consent_id, account)
        status = 500
        try:
            reply = self._guarded(entry)
            status = reply.status
        finally:
            log.end(entry, status)
        return reply

    def _guarded(self, entry):
        given = self.request.headers.get("X-Correlation-Id")
        correlation = given or f"|{secrets.token_urlsafe(16)}.."
        try:
            if given is not None and not _CORRELATION.fullmatch(given):
                correlation = f"|{secrets.token_urlsafe(16)}.."
                raise invalid("Bad X-Correlation-Id", **{"X-Correlation-Id": "format"})
            if self.world.settings.refuse_parallel and self._is_parallel(entry):
                raise Refusal(409, "Conflict", "Concurrent requests not supported")
            reply = self._idempotent()
        except Refusal as refusal:
            reply = refusal.reply()
        if self.fault is not None and not self.fault.answers_alone:
            reply = faults.spoil(self.fault, reply, self.request)
            if self.fault.cut_after_bytes is not None:
                self.request.environ["rehearsal.cut_after"] = self.fault.cut_after_bytes
        reply.headers.setdefault("X-Correlation-Id", correlation)
        return reply

    def _is_parallel(self, entry):
        return self.consent_id is not None and entry["open_at_once"] > 1

    def _idempotent(self):
        number = self.request.headers.get("X-Request-Id")
        if self.request.method != "POST" or not number:
            return self._answer()
        whom = self.consent_id or "client"
        key = (whom, self.request.path, number)
        known = self.world.cached_answers
        with self.world.lock:
            if key in known:
                if known[key] is None:
                    raise Refusal(409, "Conflict", "The first request still runs")
                return _copy(known[key])
            known[key] = None
            if len(known) > _ANSWERS_KEPT:
                known.pop(next(iter(known)))
        reply = None
        try:
            reply = self._answer()
        finally:
            with self.world.lock:
                # an answer the fault made up is not the call's answer
                if reply is None or (self.fault and self.fault.answers_alone):
                    known.pop(key, None)
                else:
                    known[key] = _copy(reply)
        return reply

    def _answer(self):
        if self.fault is not None:
            time.sleep(self.fault.delay_seconds)
            if self.fault.answers_alone:
                return faults.alone(self.fault)
        arguments = dict(self.values)
        try:
            if self.request.method == "POST":
                arguments["body"] = _json_body(self.request)
            with self.world.lock:
                return _HANDLERS[self.endpoint](self.world, self.request, **arguments)
        except Refusal as refusal:
            return refusal.reply()


def _copy(reply):
    return Reply(
        reply.data, reply.status, dict(reply.headers), reply.raw, reply.content_type
    )


def _json_body(request):
    if request.mimetype != "application/json":
        raise invalid("Content-Type must be application/json")
    raw = request.get_data()
    if not raw.strip():
        return {}
    try:
        body = json_text.loads(raw)
    except ValueError as error:
        raise invalid("The body is not JSON") from error
    if not isinstance(body, dict):
        raise invalid("The body is not a JSON object")
    return body
