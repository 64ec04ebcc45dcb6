"""A warm Odoo that obeys orders and tells what they cost: run by bench_process.py.

One JSON line in is an order, {"do": a name of ORDERS, ...}; one line out is its answer,
{"outcome": ...} or {"error": a text}.
"""

import json
import sys
import threading
import traceback

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.server import load_server_wide_modules
from odoo.tools import config

import bench_orders
import bench_rivals
import bench_shown

ORDERS = {**bench_orders.ORDERS, **bench_rivals.ORDERS, **bench_shown.ORDERS}


def obey(registry, order):
    """Carry an order out in a transaction of its own."""
    action = ORDERS[order.pop("do")]
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        return action(env, **order)


def main():
    name, *arguments = sys.argv[1:]
    answers = sys.stdout
    sys.stdout = sys.stderr  # what Odoo prints is no answer
    config.parse_config(["-d", name, "--no-http", *arguments], setup_logging=True)
    load_server_wide_modules()
    registry = Registry(name)
    threading.current_thread().dbname = name
    print(json.dumps({"outcome": "ready"}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            answer = {"outcome": obey(registry, json.loads(line))}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
