"""The switches of the rehearsed peer; control changes them by name."""

from dataclasses import asdict, dataclass, field, fields

from .banks import BANKS

_CHOICES = {
    "signature_schemes": ("viia", "aiia", "both", "none"),
    "signature_timestamp_unit": ("s", "ms"),
    "details": ("on", "off", "late"),
    "page_order": ("newest_first", "oldest_first"),
    "too_large_page": ("clamp", "reject"),
    "update_answer": ("auto", "AllQueued", "SupervisedLoginRequired"),
    "sync": ("immediate", "delayed", "manual"),
    "transaction_ids": ("per_account_id", "per_bank_account"),
    "providers_shape": ("list", "object"),
    "deleted_flag": ("boolean", "string"),
}


@dataclass
class Settings:
    """Every switch with its default. Seconds, days and counts are numbers."""

    client_id: str = "rehearsal-client"
    client_secret: str = "rehearsal-secret"
    redirect_uris: list = field(default_factory=list)
    return_state: bool = True
    return_consent_id: bool = True
    webhook_url: str = ""
    webhook_secret: str = ""
    signature_schemes: str = "both"
    signature_timestamp_unit: str = "s"
    webhook_timeout_ms: int = 5000
    webhook_time_scale: float = 1.0
    webhook_first_delay: float = 30.0
    webhook_retries: int = 20
    auto_webhooks: bool = True
    access_token_seconds: int = 3600
    refresh_token_seconds: int = 14 * 24 * 3600
    code_seconds: int = 60
    rotate_refresh_token: bool = True
    old_refresh_token_grace: int = 0
    consent_days: int = 180
    consent_days_by_bank: dict = field(default_factory=dict)
    announce_days_by_bank: dict = field(default_factory=dict)
    tokens_die_at_end: bool = False
    details: str = "on"
    account_balances: bool = True
    running_balances: bool = True
    show_iban: bool = True
    page_order: str = "newest_first"
    default_page_size: int = 50
    max_page_size: int = 500
    too_large_page: str = "clamp"
    history_years: int = 2
    interval_end_inclusive: bool = True
    deleted_flag: str = "boolean"
    transaction_ids: str = "per_account_id"
    providers_shape: str = "list"
    update_answer: str = "auto"
    update_returns_code: bool = True
    retry_after: object = None
    sync: str = "immediate"
    sync_delay_seconds: float = 2.0
    auto_sync_hours: float = 0.0
    reuse_consent: bool = False
    refuse_parallel: bool = False

    def update(self, changes):
        """Change switches by name; raises ValueError and changes nothing."""
        if not isinstance(changes, dict):
            raise ValueError("settings are an object of names and values")
        checked = {name: self._check(name, val) for name, val in changes.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def as_dict(self):
        """All switches by name."""
        return asdict(self)

    def _check(self, name, value):
        known = {item.name for item in fields(self)}
        if name not in known:
            raise ValueError(f"no such setting: {name}")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise ValueError(f"{name} is one of {', '.join(_CHOICES[name])}")
        if name == "retry_after":
            return _check_retry_after(value)
        return _as_type_of(getattr(self, name), name, value)


def _check_retry_after(value):
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is None or value == "date" or whole:
        return value
    raise ValueError("retry_after is null, a number of seconds or 'date'")


def _days_by_bank(name, value):
    known = isinstance(value, dict) and all(bank in BANKS for bank in value)
    whole = known and all(
        isinstance(days, int) and not isinstance(days, bool) and days >= 0
        for days in value.values()
    )
    if not whole:
        raise ValueError(f"{name} is an object of banks and whole numbers of days")
    return dict(value)


def _as_type_of(now, name, value):
    if isinstance(now, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false")
        return value
    if isinstance(now, (int, float)):
        try:
            return type(now)(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} is a number") from error
    if isinstance(now, dict):
        return _days_by_bank(name, value)
    if isinstance(now, list):
        texts = isinstance(value, list) and all(isinstance(v, str) for v in value)
        if not texts:
            raise ValueError(f"{name} is a list of texts")
        return list(value)
    if value is None and isinstance(now, str):
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text")
    return value
