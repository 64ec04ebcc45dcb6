-- A copy of the database must not talk to the bank, and nobody must be let in by it.

-- No tokens; and what is connected counts as ended, so that no job tries.
UPDATE open_banking_consent
   SET access_token_encrypted = NULL,
       refresh_token_encrypted = NULL,
       access_token_until = NULL,
       refresh_token_until = NULL,
       tokens_issued_at = NULL,
       next_refresh = NULL;

UPDATE open_banking_consent
   SET state = 'expired',
       ended_on = now() AT TIME ZONE 'UTC',
       error_code = 'neutralized',
       error_since = now() AT TIME ZONE 'UTC'
 WHERE state = 'active';

-- No credentials. The client ID goes too: those for the sandbox are other ones.
UPDATE res_company
   SET open_banking_client_id = NULL,
       open_banking_client_secret_encrypted = NULL,
       open_banking_webhook_secret_encrypted = NULL,
       open_banking_state_proven_at = NULL,
       open_banking_tested_on = NULL;

UPDATE res_company
   SET open_banking_environment = 'sandbox'
 WHERE open_banking_environment = 'production';

-- No link that was sent works here, and nobody comes back from the bank to this place.
UPDATE open_banking_authorisation
   SET link_hash = NULL,
       state_hash = NULL,
       accounts_due = NULL;

UPDATE open_banking_authorisation
   SET state = 'withdrawn',
       ended_on = now() AT TIME ZONE 'UTC'
 WHERE state IN ('draft', 'sent', 'opened', 'at_bank', 'chosen', 'cancelled', 'failed');

-- Mails that still lie in the outbox: those with a link hang on no record.
DELETE FROM mail_message
 WHERE model IS NULL
   AND body LIKE '%/open_banking/consent/%';

UPDATE mail_mail
   SET state = 'cancel'
 WHERE state = 'outgoing'
   AND mail_message_id IN (SELECT id FROM mail_message
                            WHERE model IN ('open.banking.consent',
                                            'open.banking.authorisation'));

-- Nothing that was asked for before is done here.
UPDATE open_banking_event
   SET state = 'done',
       outcome_code = 'no_concern'
 WHERE state = 'waiting';

DELETE FROM open_banking_call;
DELETE FROM open_banking_disconnection;

UPDATE open_banking_fetch
   SET paging_token = NULL;

-- Whoever enters credentials for the sandbox settles here.
DELETE FROM ir_config_parameter
 WHERE key = 'account_mastercard_open_banking.home';
