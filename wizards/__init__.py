from . import open_banking_account_map, open_banking_fetch_request
