from . import (
    open_banking_account_map,
    open_banking_disconnect,
    open_banking_erasure,
    open_banking_fetch_request,
    open_banking_link,
    open_banking_proof,
)
