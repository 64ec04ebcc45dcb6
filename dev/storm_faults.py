"""All the ways in which the rehearsal bank fails, each with its chance.

Not among them is what no client can tell from the truth: an amount or a day that is
another one, a list that lacks a row. The tokens' endpoint does not say 400 or 401,
which would be the end of the consent and not a fault.
"""

# How much of all calls is to fail, about.
SHARE = 0.2
READING = ("transactions", "transactions_query")

ANYWHERE = (
    {"status": 500},
    {"status": 500, "processed": True},
    {"status": 502, "body": "<html><h1>Bad Gateway</h1></html>"},
    {"status": 503, "headers": {"Retry-After": "1"}},
    {"status": 504, "body": ""},
    {"status": 409},
    {"status": 408},
    {"status": 429, "headers": {"Retry-After": "1"}},
    {"status": 429},
    {"status": 302, "headers": {"Location": "http://127.0.0.1:9/elsewhere"}},
    {"delay_seconds": 0.5},
    {"cut_after_bytes": 40},
    {"truncate": 60},
    {"truncate": 0},
    {"body": "<html>Maintenance</html>"},
    {"wrong_json": []},
    {"wrong_json": "nothing"},
    {"wrong_json": {"unexpected": True}},
)
IN_READINGS = (
    {"status": 400},
    {"status": 403},
    {"status": 404},
    {"remove": ["transactions"]},
    {"patch": {"transactions": None}},
    {"patch": {"transactions": {"0": "row"}}},
    {"patch": {"pagingToken": 7}},
    {"remove": ["transactions.*.transactionAmount"]},
    {"duplicate_rows": 5},
    {"repeat_paging_token": True},
    {"endless_paging": True},
)
# A new token that is refused within a minute is the end of the consent; once in a
# while it is a fault.
REFUSED = {"status": 401}


def planned():
    """The faults as the control desk takes them."""
    in_readings = [
        {**fault, "endpoint": endpoint} for fault in IN_READINGS for endpoint in READING
    ]
    count = len(ANYWHERE) + len(IN_READINGS)
    each = 1 - (1 - SHARE) ** (1 / count)
    return [
        {**fault, "chance": each, "times": 0} for fault in (*in_readings, *ANYWHERE)
    ]


def refused_once():
    """The access token is refused at the next reading."""
    return [{**REFUSED, "endpoint": endpoint, "times": 1} for endpoint in READING]
