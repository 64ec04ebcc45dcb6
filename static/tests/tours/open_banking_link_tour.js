import { registry } from "@web/core/registry";

const CARD = ".o_kanban_record:contains('Prøvejournal')";

// The bookkeeper lets the customer give the consent himself.
registry.category("web_tour.tours").add("open_banking_send_link", {
    steps: () => [
        {
            trigger: `${CARD}:has(button[name='action_open_banking_connect'])`,
            run: `hover && click ${CARD} .o_dropdown_kanban button`,
        },
        {
            trigger: "a[name='action_open_banking_send_link']",
            run: "click",
        },
        {
            content: "The contact is suggested, with his address",
            trigger: ".modal [name='email']:contains('karen@nordlys.example')",
        },
        {
            trigger: ".modal [name='message'] textarea",
            run: "edit Vi ses i morgen",
        },
        {
            trigger: ".modal button[name='action_send']",
            run: "click",
        },
        {
            trigger: ".o_notification:contains('on its way to karen@nordlys.example')",
        },
        {
            content: "The card says who is waited for; connecting oneself is still possible",
            trigger: `${CARD}:has(button.btn-primary[name='action_open_banking_connect']) [name='open_banking_link_facts']:contains('Karen Holm just now')`,
        },
        {
            trigger: `${CARD} a[name='action_open_banking_link']`,
            run: "click",
        },
        {
            trigger:
                ".o_form_view .o_statusbar_status button[data-value='sent'].o_arrow_button_current",
        },
    ],
});

// From the card to the link, and the link is withdrawn.
registry.category("web_tour.tours").add("open_banking_withdraw_link", {
    steps: () => [
        {
            trigger: `${CARD} a[name='action_open_banking_link']`,
            run: "click",
        },
        {
            trigger: ".o_form_view button[name='action_withdraw']",
            run: "click",
        },
        {
            trigger: ".modal:contains('stops working') .modal-footer button.btn-primary",
            run: "click",
        },
        {
            trigger:
                ".o_form_view .o_statusbar_status button[data-value='withdrawn'].o_arrow_button_current",
        },
        {
            trigger: ".o_form_view:not(:has(button[name='action_resend']:visible))",
        },
    ],
});

// The accounts that found no journal wait for the bookkeeper.
registry.category("web_tour.tours").add("open_banking_waiting_accounts", {
    steps: () => [
        {
            content: "The activity leads here; one button does what it asks for",
            trigger: ".o_form_view button.btn-primary[name='action_choose_journals']",
        },
        {
            trigger: ".o_form_view button[name='action_open_unused']:contains('2')",
        },
        {
            trigger: ".o_form_view button[name='action_choose_journals']",
            run: "click",
        },
        {
            trigger:
                "tr.o_data_row.text-warning:contains('Lønkonto'):contains('Karen Holm, not Nordlys Handel ApS')",
        },
        {
            trigger: "tr.o_data_row:contains('Lønkonto') button[name='action_leave_out']",
            run: "click",
        },
        {
            trigger:
                "tr.o_data_row.text-muted:contains('Lønkonto') td[name='action']:contains('Leave out')",
        },
        {
            trigger: "button[name='action_confirm']",
            run: "click",
        },
        {
            trigger: ".o_kanban_record [name='open_banking_facts']",
        },
    ],
});
