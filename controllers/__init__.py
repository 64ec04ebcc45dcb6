from . import callback, consent_page, export, webhook
