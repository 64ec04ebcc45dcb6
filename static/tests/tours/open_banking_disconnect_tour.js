import { registry } from "@web/core/registry";

const CARD =
    ".o_kanban_record:has([name='open_banking_facts']:contains('Havnebanken')):contains('Prøvejournal')";

// From the card's menu: what will happen is said, then it happens, then the card says so.
registry.category("web_tour.tours").add("open_banking_disconnect", {
    steps: () => [
        {
            trigger: `${CARD}:contains('Consent until')`,
            run: `hover && click ${CARD} .o_dropdown_kanban button`,
        },
        {
            trigger: "a[name='action_open_banking_disconnect']",
            run: "click",
        },
        {
            content: "The accounts that stop, with their journals",
            trigger: ".modal tr.o_data_row:contains('Driftskonto'):contains('Prøvejournal')",
        },
        {
            content: "Mastercard's own page, where the customer withdraws the consent itself",
            trigger: ".modal a[href^='https://']",
        },
        {
            content: "The customer is told, unless one says otherwise",
            trigger: ".modal [name='tell_customer'] input:checked",
        },
        {
            trigger: ".modal [name='reason'] input",
            run: "edit Kunden skifter bank",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
        {
            content: "The card says when and by whom, and connecting is the primary action",
            trigger:
                ".o_kanban_record:contains('Prøvejournal') [name='open_banking_facts']:contains('Disconnected on'):contains('bookkeeper')",
        },
        {
            trigger:
                ".o_kanban_record:contains('Prøvejournal') button.btn-primary[name='action_open_banking_connect']",
        },
    ],
});
