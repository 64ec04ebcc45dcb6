import { registry } from "@web/core/registry";

// From the journal's card to the bank; the bank's own pages lie on another server, and
// the tour goes on when the browser comes back from there.
registry.category("web_tour.tours").add("open_banking_connect", {
    steps: () => [
        {
            content: "The bank journal is not connected: one primary action",
            trigger: ".o_kanban_record button.btn-primary[name='action_open_banking_connect']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Back from the bank: the shared accounts with holder and balance",
            trigger:
                ".o_field_widget[name='line_ids'] tr.o_data_row:contains('Driftskonto'):contains('Nordlys Handel ApS')",
        },
        {
            trigger: ".o_field_widget[name='line_ids'] tr.o_data_row:contains('EUR-konto')",
        },
        {
            trigger: ".o_field_widget[name='line_ids'] tr.o_data_row:contains('NOK-konto')",
        },
        {
            content: "Import from an earlier day than suggested",
            trigger: "tr.o_data_row:contains('Driftskonto') td[name='start_date']",
            run: "click",
        },
        {
            trigger:
                "tr.o_data_row.o_selected_row div[name='start_date'] button, tr.o_data_row.o_selected_row div[name='start_date'] input",
            run: "click",
        },
        {
            trigger: "tr.o_data_row.o_selected_row div[name='start_date'] input",
            run: "edit 01/01/2025",
        },
        {
            trigger: "h1",
            run: "click",
        },
        {
            trigger: "tr.o_data_row:contains('Driftskonto') td[name='start_date']:contains('2025')",
        },
        {
            trigger: "button[name='action_confirm']",
            run: "click",
        },
        {
            content: "The card says that the first import is on its way",
            trigger: ".o_kanban_record [name='open_banking_facts']:contains('first import')",
        },
    ],
});

registry.category("web_tour.tours").add("open_banking_lines", {
    steps: () => [
        {
            content: "The card tells the bank, the last fetch and the consent's end",
            trigger:
                ".o_kanban_record:contains('Bank') [name='open_banking_facts']:contains('just now'):contains('Consent until')",
        },
        {
            trigger:
                ".o_kanban_record:has([name='open_banking_facts']):not(:contains('konto')) button[id='all_transactions_btn']",
            run: "click",
        },
        {
            content: "Twins of one day both stand there",
            trigger:
                ".o_list_view tr.o_data_row:contains('MobilePay') ~ tr.o_data_row:contains('MobilePay')",
        },
        {
            content: "A card purchase abroad shows the currency of the shop",
            trigger: ["€", "kr", "$", "£"]
                .map(
                    (sign) =>
                        `.o_list_view tr.o_data_row td[name='amount_currency']:contains('${sign}')`
                )
                .join(", "),
        },
        {
            content: "Eleven transactions, and the running balance",
            trigger: ".o_list_view:has(tr.o_data_row:nth-child(11)) td[name='running_balance']",
        },
    ],
});
