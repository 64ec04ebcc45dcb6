import { registry } from "@web/core/registry";

/** Count the cells: a selector cannot. */
function expectDays(count, kind) {
    const found = document.querySelectorAll(`.o_ob_months .o_ob_day${kind}`).length;
    if (found !== count) {
        throw new Error(`${found} days ${kind} instead of ${count}`);
    }
}

// The test says in the address on which day the balances part.
registry.category("web_tour.tours").add("open_banking_days", {
    steps: () => {
        const parted = `.o_ob_day[data-date='${new URL(document.location).searchParams.get("day")}']`;
        return [
            {
                content: "The summary names the gap and the day that parts",
                trigger:
                    ".o_ob_summary:contains('2 days are not covered'):contains('The balance parts since')",
            },
            {
                content: "Ninety days, two of them hatched, and today waits",
                trigger: ".o_ob_months .o_ob_day",
                run: () => {
                    expectDays(90, "");
                    expectDays(2, ".o_ob_gap");
                    expectDays(1, ".o_ob_waiting");
                },
            },
            {
                content: "A screen reader hears all of a day",
                trigger: `${parted}[aria-label*='The balances part: bank'][aria-label*='Covered by run #']`,
                run: `hover`,
            },
            {
                content: "Looking at a day tells it in words",
                trigger:
                    ".o_ob_words:contains('2 statement lines'):contains('under the consent Havnebanken Erhverv'):contains('-120.00')",
            },
            {
                content: "Two years at a glance",
                trigger: ".o_ob_2y",
                run: "click",
            },
            {
                trigger: ".o_ob_days_long .o_ob_before",
                run: () => expectDays(2, ".o_ob_gap"),
            },
            {
                trigger: ".o_ob_90",
                run: "click",
            },
            {
                content: "A click opens the lines of the day",
                trigger: `.o_ob_days:not(.o_ob_days_long) ${parted}.o_ob_parts`,
                run: "click",
            },
            {
                trigger: ".o_list_view tr.o_data_row:contains('Typed by hand')",
            },
            {
                trigger:
                    ".o_list_view:has(tr.o_data_row:nth-child(2)):not(:has(tr.o_data_row:nth-child(3)))",
            },
        ];
    },
});
