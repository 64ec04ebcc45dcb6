from . import (
    account_bank_statement_line,
    account_journal,
    open_banking_account,
    open_banking_account_coverage,
    open_banking_account_schedule,
    open_banking_authorisation,
    open_banking_call,
    open_banking_consent,
    open_banking_fetch,
    open_banking_fetch_proof,
    open_banking_fetch_undo,
    open_banking_transaction,
    open_banking_transaction_decision,
    open_banking_transaction_doubt,
    open_banking_transaction_store,
    open_banking_transaction_unfinished,
    open_banking_vault,
    res_company,
    res_config_settings,
)

from . import booking  # isort: skip (it extends a record of the files above)
