"""The messages and followers that core gives to an entry, for all copies at once."""

from odoo.tools import SQL
from odoo.tools.mail import generate_tracking_message_id

from .copies import as_json, columns_of
from .doubt import NotProven

OWN = {
    "id": "nextval('mail_message_id_seq')",
    "res_id": "v.move_id",
    "message_id": "v.message_id",
    "date": "v.stamp",
    "create_date": "v.stamp",
    "write_date": "v.stamp",
}


def copy_chatter(env, templates, places):
    """Insert the messages and followers of these places."""
    if any(len(t.messages) > 1 or len(t.followers) > 1 for t in templates):
        raise NotProven("several messages or followers")
    _copy_messages(env, templates, places)
    _copy_followers(env, templates, places)


def _copy_messages(env, templates, places):
    messages = [(template.messages or [{}])[0] for template in templates]
    wanted = [place for place in places if messages[place.template - 1]]
    if not wanted:
        return
    columns = columns_of(env, "mail_message")
    values = [SQL(OWN.get(name) or f't."{name}"') for name in columns]
    env.cr.execute(
        SQL(
            "INSERT INTO mail_message (%s) SELECT %s FROM (SELECT *, %s::timestamp"
            " AS stamp, %s AS message_id FROM unnest(%s::int[], %s::int[])"
            " AS v(template, move_id)) v"
            " JOIN json_populate_recordset(NULL::mail_message, %s::json)"
            " WITH ORDINALITY AS t ON t.ordinality = v.template ORDER BY v.move_id",
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL(", ").join(values),
            env.cr.now(),
            generate_tracking_message_id("message-notify"),  # one for all, as core
            [place.template for place in wanted],
            [place.move_id for place in wanted],
            as_json(messages),
        )
    )


def _copy_followers(env, templates, places):
    groups = {}
    for place in sorted(places, key=lambda place: place.move_id):
        for follower in templates[place.template - 1].followers:
            key = (follower["partner_id"], tuple(follower["subtypes"]))
            groups.setdefault(key, []).append(place.move_id)
    relation = env["mail.followers"]._fields["subtype_ids"]
    for (partner_id, subtypes), move_ids in groups.items():
        env.cr.execute(
            SQL(
                "WITH f AS (INSERT INTO mail_followers (res_model, partner_id, res_id)"
                " SELECT 'account.move', %s, unnest(%s::int[]) RETURNING id)"
                " INSERT INTO %s (%s, %s) SELECT f.id, s FROM f, unnest(%s::int[]) s",
                partner_id,
                move_ids,
                SQL.identifier(relation.relation),
                SQL.identifier(relation.column1),
                SQL.identifier(relation.column2),
                list(subtypes),
            )
        )
