from . import (
    account_bank_statement_line,
    account_journal,
    open_banking_account,
    open_banking_authorisation,
    open_banking_consent,
    open_banking_fetch,
    open_banking_transaction,
    open_banking_vault,
    res_company,
    res_config_settings,
)
