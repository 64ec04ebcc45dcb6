from . import open_banking_account_map
