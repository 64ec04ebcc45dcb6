from . import callback, consent_page, export, log_mask, webhook
