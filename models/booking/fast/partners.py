"""What an entry takes over from its partner, by core's own word for each partner."""

# Columns of an entry that depend on its partner, and their types.
COLUMNS = {
    "partner_id": "int",
    "commercial_partner_id": "int",
    "fiscal_position_id": "int",
    "invoice_partner_display_name": "text",
    "preferred_payment_method_line_id": "int",
    "partner_bank_id": "int",
}


def partner_values(moves, batch):
    """Let core compute what depends on the partners of a batch.

    On entries that are not stored; the probes show whether stored ones get the same.

    :param account.move moves: the model
    :return: the values of `COLUMNS` by partner, in their order
    :rtype: dict[int, tuple]
    """
    first_lines = {}
    for line in batch.lines:
        if line.partner_id:
            first_lines.setdefault(line.partner_id, line)
    entries = {
        partner_id: moves.new(
            {
                "journal_id": batch.journal.id,
                "company_id": batch.company.id,
                "date": line.date,
                "move_type": "entry",
                "currency_id": line.other_currency.id,
                "partner_id": partner_id,
            }
        )
        for partner_id, line in first_lines.items()
    }
    return {partner_id: _values(entry) for partner_id, entry in entries.items()}


def by_pattern(batch, of_partner):
    """Tell lines apart by what they get of their partners, so that each is probed.

    :param dict of_partner: as from `partner_values`
    :return: the batch, its lines of finer kinds
    """
    patterns = {
        partner_id: (*(value is not None for value in values), values[0] == values[1])
        for partner_id, values in of_partner.items()
    }
    lines = [
        line._replace(kind=(line.kind, patterns.get(line.partner_id)))
        for line in batch.lines
    ]
    return batch._replace(lines=lines)


def _values(entry):
    values = (entry[name] for name in COLUMNS)
    return tuple(
        value or None if isinstance(value, str | bool) else value._origin.id or None
        for value in values
    )
