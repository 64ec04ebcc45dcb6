"""What stands in the tables for a statement line: read as JSON, column by column."""

import json
from decimal import Decimal
from typing import NamedTuple

from odoo.tools import SQL

# They differ between any two lines, or say only when and by which mail they came.
BESIDE_THE_POINT = {"id", "create_date", "write_date", "message_id"}


ALL = SQL("TRUE")


class Stored(NamedTuple):
    """The rows of one statement line, by their columns. Numbers keep their scale."""

    line: dict
    move: dict
    items: list
    messages: list
    followers: list  # each with its subtypes

    def compared(self):
        """Return the rows with what two makings of one line may differ in left out.

        :rtype: list[tuple[str, dict]]
        """
        own = {
            self.line["id"]: "the line",
            self.move["id"]: "the move",
        }
        named = [("line", self.line), ("move", self.move)]
        for name, rows in self._asdict().items():
            if isinstance(rows, list):
                named += [(name, row) for row in rows]
        return [(name, _comparable(name, row, own)) for name, row in named]


def _comparable(name, row, own):
    row = {key: row[key] for key in row if key not in BESIDE_THE_POINT}
    for key in ("move_id", "res_id", "statement_line_id"):
        row[key] = own.get(row.get(key), row.get(key))
    if name == "messages":
        del row["date"]
    if name == "line":
        row["internal_index"] = row["internal_index"][:-10]  # ends with the id
    return row


def read_stored(lines):
    """Return what is stored for each of these statement lines, in their order.

    In SQL: a column no field stands for counts too, and so does a number's scale.

    :rtype: list[Stored]
    """
    env, ids = lines.env, list(lines.ids)
    own = {
        row["id"]: row for row in _rows(env, "account_bank_statement_line", "id", ids)
    }
    move_ids = [own[line_id]["move_id"] for line_id in ids]
    moves = {row["id"]: row for row in _rows(env, "account_move", "id", move_ids)}
    items = _grouped(_rows(env, "account_move_line", "move_id", move_ids), "move_id")
    messages = _grouped(_mail_rows(env, "mail_message", "model", move_ids), "res_id")
    followers = _mail_rows(env, "mail_followers", "res_model", move_ids)
    _add_subtypes(env, followers)
    followers = _grouped(followers, "res_id")
    return [
        Stored(
            own[line_id],
            moves[move_id],
            *(rows.get(move_id, []) for rows in (items, messages, followers)),
        )
        for line_id, move_id in zip(ids, move_ids, strict=True)
    ]


def _rows(env, table, column, ids, condition=ALL):
    query = SQL(
        "SELECT to_json(t)::text FROM %s t WHERE %s = ANY(%s) AND %s ORDER BY id",
        SQL.identifier(table),
        SQL.identifier(column),
        ids,
        condition,
    )
    return [
        json.loads(text, parse_float=Decimal) for (text,) in env.execute_query(query)
    ]


def _mail_rows(env, table, column, move_ids):
    of_moves = SQL("%s = 'account.move'", SQL.identifier(column))
    return _rows(env, table, "res_id", move_ids, of_moves)


def _add_subtypes(env, followers):
    relation = env["mail.followers"]._fields["subtype_ids"]
    query = SQL(
        "SELECT %s, %s FROM %s WHERE %s = ANY(%s) ORDER BY 2",
        SQL.identifier(relation.column1),
        SQL.identifier(relation.column2),
        SQL.identifier(relation.relation),
        SQL.identifier(relation.column1),
        [follower["id"] for follower in followers],
    )
    by_id = {follower["id"]: follower for follower in followers}
    for follower in followers:
        follower["subtypes"] = []
    for follower_id, subtype_id in env.execute_query(query) if followers else ():
        by_id[follower_id]["subtypes"].append(subtype_id)


def _grouped(rows, column):
    groups = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def difference(expected, found):
    """Say where two makings of the same lines differ.

    :param list[Stored] expected: core's
    :param list[Stored] found: in the same order
    :return: tables and columns, "" when nothing differs
    """
    for one, other in zip(expected, found, strict=True):
        ours, theirs = one.compared(), other.compared()
        if [name for name, _row in ours] != [name for name, _row in theirs]:
            return "number of rows"
        for (name, row), (_name, like) in zip(ours, theirs, strict=True):
            # As texts: decimals of another scale are equal, but not the same.
            columns = [key for key in row if repr(row[key]) != repr(like.get(key))]
            if columns:
                return f"{name}: {', '.join(columns)}"
    return ""
