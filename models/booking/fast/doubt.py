# The one reason that says nothing against the next batch.
FEW_LINES = "few lines"


class NotProven(Exception):
    """Equality with core's books cannot be proven; the next way is taken.

    :param str reason: short, for the bank log and an administrator; in English as all
        of the server's log
    """
