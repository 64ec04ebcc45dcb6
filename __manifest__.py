{
    "name": "Mastercard Open Banking",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "Connect bank journals to Mastercard Open Banking (formerly Aiia)",
    "description": """
Bank transactions by themselves, by the bank customer's consent.

A bank customer gives consent once, at his own bank. The booked transactions of the
accounts he chose then arrive in Odoo, each exactly once, compared with the bank's
balance, until the consent is withdrawn.
""",
    "author": "The account_mastercard_open_banking contributors",
    "license": "LGPL-3",
    "depends": ["account"],
    "external_dependencies": {
        "python": ["cryptography", "python-stdnum", "requests", "vobject"]
    },
    "data": [
        "security/ir.model.access.csv",
        "security/open_banking_security.xml",
        "data/ir_cron_accounts.xml",
        "data/ir_cron_data.xml",
        "data/mail_template_connect.xml",
        "data/mail_template_disconnect.xml",
        "views/open_banking_board_views.xml",
        "data/mail_template_renewal.xml",
        "views/open_banking_transaction_views.xml",
        "views/open_banking_fetch_views.xml",
        "views/open_banking_account_views.xml",
        "report/open_banking_proof_report.xml",
        "report/open_banking_proof_templates.xml",
        "views/open_banking_authorisation_views.xml",
        "views/open_banking_consent_views.xml",
        "views/open_banking_remedy_views.xml",
        "views/account_bank_statement_line_views.xml",
        "views/open_banking_event_views.xml",
        "views/account_journal_views.xml",
        "views/account_journal_dashboard_views.xml",
        "views/open_banking_account_days_views.xml",
        "views/res_config_settings_views.xml",
        "views/open_banking_health_views.xml",
        "views/res_partner_views.xml",
        "views/open_banking_menus.xml",
        "views/consent_page_templates.xml",
        "views/consent_shared_templates.xml",
        "wizards/open_banking_account_map_views.xml",
        "wizards/open_banking_disconnect_views.xml",
        "wizards/open_banking_erasure_views.xml",
        "wizards/open_banking_fetch_request_views.xml",
        "wizards/open_banking_link_views.xml",
        "wizards/open_banking_proof_views.xml",
    ],
    "assets": {
        "web.assets_backend": [
            "account_mastercard_open_banking/static/src/days_strip/**/*",
        ],
        "web.assets_tests": [
            "account_mastercard_open_banking/static/tests/tours/**/*",
        ],
    },
    "uninstall_hook": "uninstall_hook",
}
