// A bank customer at the pages of the rehearsal bank, and at our own page before it:
// injected into every page the browser opens; does nothing on Odoo's other pages.
window.addEventListener("load", async () => {
    const press = (id) => document.getElementById(id).click();
    const fill = (id, value) => {
        document.getElementById(id).value = value;
    };
    if (document.getElementById("open_banking_continue")) {
        return press("open_banking_continue");
    }
    const atStep = {
        start: () => press("continue"),
        bank: () => document.querySelector("button[name='bank'][value='%(bank)s']").click(),
        login: () => {
            fill("user", "karen");
            if (document.getElementById("password")) {
                fill("password", "1234");
            }
            press("approve");
        },
        accounts: () => {
            for (const box of document.querySelectorAll("input[name='account']")) {
                box.checked = true;
            }
            press("continue");
        },
        accept: () => press("accept"),
        email: () => {
            fill("email", "karen@nordlys.example");
            press("continue");
        },
        code: async () => {
            const mailbox = await fetch(document.getElementById("mailbox").href);
            const letters = new DOMParser().parseFromString(await mailbox.text(), "text/html");
            fill("code", letters.querySelector(".code").textContent.trim());
            press("continue");
        },
        finish: () => press("finish"),
    };
    const step = document.body.dataset.step;
    if (step) {
        await atStep[step]();
    }
});
