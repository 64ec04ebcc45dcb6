"""The modules whose part in statement lines the tests have compared with core's.

Code or stored values of any other leave the lines to the next way. To add a module:
run the equality suite beside it (tests/README.md), then write its name here.
"""

OURS = "account_mastercard_open_banking"

# What a database with Invoicing has.
INVOICING = """
    account account_add_gln account_edi_proxy_client account_edi_ubl_cii
    account_payment account_qr_code_sepa analytic api_doc auth_passkey
    auth_passkey_portal auth_signup auth_totp auth_totp_mail auth_totp_portal base
    base_iban base_import base_import_module base_install_request base_setup
    base_vat bus certificate digest google_gmail html_editor http_routing iap
    iap_mail l10n_dk l10n_dk_nemhandel l10n_dk_oioubl mail mail_bot
    microsoft_outlook onboarding partner_autocomplete payment phone_validation
    portal privacy_lookup product resource resource_mail rpc sms snailmail
    snailmail_account spreadsheet spreadsheet_account spreadsheet_dashboard
    spreadsheet_dashboard_account uom web web_tour web_unsplash
"""

# Odoo Community's apps for sales, purchase, stock, production, projects, staff, shops.
APPS = """
    account_check_printing account_debit_note account_edi account_fleet
    account_tax_python account_update_tax_tags barcodes barcodes_gs1_nomenclature
    calendar calendar_sms contacts crm crm_iap_enrich crm_iap_mine crm_sms delivery
    event event_booth event_booth_sale event_crm event_crm_sale event_product
    event_sale event_sms fleet google_address_autocomplete google_recaptcha hr
    hr_calendar hr_expense hr_fleet hr_homeworking hr_homeworking_calendar
    hr_hourly_cost hr_org_chart hr_skills hr_skills_event hr_timesheet html_builder
    iap_crm iot_base link_tracker loyalty mail_bot_hr mass_mailing mass_mailing_crm
    mass_mailing_event mass_mailing_sale mass_mailing_themes mrp mrp_account
    mrp_landed_costs mrp_subcontracting mrp_subcontracting_account
    mrp_subcontracting_landed_costs mrp_subcontracting_purchase payment_custom
    point_of_sale portal_rating pos_account_tax_python pos_event pos_event_sale
    pos_hr pos_loyalty pos_mrp pos_online_payment pos_sale pos_sale_loyalty
    pos_sale_margin product_email_template project project_account
    project_hr_expense project_hr_skills project_mrp project_mrp_account
    project_mrp_sale project_mrp_stock_landed_costs project_purchase
    project_purchase_stock project_sale_expense project_sms project_stock
    project_stock_account project_stock_landed_costs project_todo purchase
    purchase_edi_ubl_bis3 purchase_mrp purchase_requisition
    purchase_requisition_sale purchase_requisition_stock purchase_stock rating sale
    sale_crm sale_edi_ubl sale_expense sale_expense_margin sale_loyalty
    sale_loyalty_delivery sale_management sale_margin sale_mrp
    sale_pdf_quote_builder sale_project sale_project_stock
    sale_project_stock_account sale_purchase sale_purchase_project
    sale_purchase_stock sale_service sale_sms sale_stock sale_stock_margin
    sale_timesheet sale_timesheet_margin sales_team social_media
    spreadsheet_dashboard_event_sale spreadsheet_dashboard_hr_expense
    spreadsheet_dashboard_hr_timesheet spreadsheet_dashboard_pos_hr
    spreadsheet_dashboard_sale spreadsheet_dashboard_sale_timesheet
    spreadsheet_dashboard_stock_account spreadsheet_dashboard_website_sale stock
    stock_account stock_delivery stock_landed_costs stock_sms utm web_hierarchy
    website website_crm website_crm_sms website_links website_mail
    website_mass_mailing website_payment website_project website_sale
    website_sale_autocomplete website_sale_comparison
    website_sale_comparison_wishlist website_sale_loyalty website_sale_mass_mailing
    website_sale_mrp website_sale_stock website_sale_stock_wishlist
    website_sale_wishlist website_sms website_timesheet
"""

COMPARED = {OURS, *INVOICING.split(), *APPS.split()}

# Add-ons that go on with lines once core has made them: the tests have compared batches
# beside them. No line can be a copy there, as each is looked at for itself.
COMPARED_IN_BATCHES = COMPARED | {
    "account_reconcile_oca",
    "account_statement_base",
    "account_statement_import_base",
    "account_statement_import_online",
}
