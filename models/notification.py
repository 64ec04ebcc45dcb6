"""What a button says to the person who pressed it, and what his screen does then."""

CLOSE = {"type": "ir.actions.act_window_close"}
RELOAD = {"type": "ir.actions.client", "tag": "soft_reload"}


def notification(kind, message, then, sticky=False):
    """Return the action that shows a sentence in the corner of the screen.

    :param str kind: ``info``, ``success``, ``warning`` or ``danger``: its colour
    :param str message: the sentence, in the user's language
    :param dict then: the action that follows: CLOSE a dialogue, or RELOAD what is shown
    :param bool sticky: whether it stays until it is closed
    :rtype: dict
    """
    params = {"type": kind, "message": message, "next": then, "sticky": sticky}
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": params,
    }
