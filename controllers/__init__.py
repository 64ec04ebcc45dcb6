from . import callback, consent_page
