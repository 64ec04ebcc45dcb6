from datetime import timedelta

from odoo import fields, models

from ..bank_api import Rejected

# Mastercard does not say how many transactions a page may hold. Whoever is refused
# asks for fewer, and tries a larger page again when this time has passed.
SMALLER_PAGES = (500, 200, 100, 50)
TRIED_AGAIN_AFTER = timedelta(days=30)
NOT_UNDERSTOOD = 400


class OpenBankingConsent(models.Model):
    """How many transactions a page of the bank's list may hold.

    Each page costs a call, and Mastercard counts them. On the consent, because the
    worker that reads has it locked.
    """

    _inherit = "open.banking.consent"

    page_size = fields.Integer(
        readonly=True, help="Larger pages were refused; 0: none was."
    )
    page_size_on = fields.Date(readonly=True, help="When larger pages were refused.")

    def _page_size(self, largest):
        """Return the size of pages that is known to work.

        :param int largest: what we would like to have
        :rtype: int
        """
        return min(self.page_size or largest, largest)

    def _first_page(self, largest, read, too_much=0):
        """Read the first page of a list, with the largest size that is not refused.

        :param int largest: what we would like to have
        :param callable read: makes the call, with a size of pages
        :param int too_much: how many times in a row a page was too much for the peer
        :rtype: bank_api.TransactionPage
        :raise bank_api.Rejected: when it was not the size
        """
        sizes = self._sizes_to_try(largest)
        limit = _limit(largest, too_much)
        for size in [each for each in sizes if each <= limit] or sizes[-1:]:
            try:
                page = read(size)
            except Rejected as error:
                if error.status != NOT_UNDERSTOOD or size == sizes[-1]:
                    raise
            else:
                self._note_page_size(size, largest)
                return page
        return None

    def _next_page(self, largest, read, too_much=0):
        """Read another page of a list, in the size of the first. See `_first_page`."""
        known = self._page_size(largest)
        size = min(known, _limit(largest, too_much))
        page = read(size)
        if size < known:
            self._note_page_size(size, largest)
        return page

    def _sizes_to_try(self, largest):
        learned = self.page_size_on
        is_old = learned and fields.Date.today() - learned > TRIED_AGAIN_AFTER
        first = largest if is_old else self._page_size(largest)
        return [first, *_smaller(first)]

    def _note_page_size(self, size, largest):
        """Keep what was learned; nothing is written when there was nothing to learn."""
        if size < self._sizes_to_try(largest)[0]:
            self.write({"page_size": size, "page_size_on": fields.Date.today()})
        elif size == largest and self.page_size:
            self.write({"page_size": 0, "page_size_on": False})


def _smaller(size):
    return [each for each in SMALLER_PAGES if each < size]


def _limit(largest, too_much):
    """The size to ask for when pages were too much for the peer several times."""
    sizes = [largest, *_smaller(largest)]
    return sizes[min(too_much, len(sizes) - 1)]
