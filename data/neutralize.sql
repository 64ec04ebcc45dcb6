-- A copy of the database must not talk to the bank: no tokens, no secret.
UPDATE open_banking_consent
   SET access_token_encrypted = NULL,
       refresh_token_encrypted = NULL,
       access_token_until = NULL,
       refresh_token_until = NULL;

UPDATE res_company
   SET open_banking_client_secret_encrypted = NULL,
       open_banking_webhook_secret_encrypted = NULL;
