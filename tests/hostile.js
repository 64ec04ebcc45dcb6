// On each screen: what the bank sent is shown, and nothing of it runs. Then the next one.
// The test puts the paths and the mark in.
window.addEventListener("load", async () => {
    const paths = PATHS;
    const place = paths.indexOf(location.pathname);
    if (place < 0) {
        if (location.pathname.startsWith("/odoo")) {
            console.error(`at no screen of the test: ${location.pathname}`);
        }
        return;
    }
    const shown = () => {
        const fields = [...document.querySelectorAll("input, textarea")];
        return [document.body.textContent, ...fields.map((field) => field.value)].some((text) =>
            text.includes(MARK)
        );
    };
    for (let turn = 0; turn < 100 && !shown(); turn++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await new Promise((resolve) => setTimeout(resolve, 700));
    if (!shown()) {
        console.error(
            `not shown at ${location.pathname}: ${document.body.textContent.slice(0, 500)}`
        );
    }
    if (window.pwned !== undefined) {
        console.error(`it ran at ${location.pathname}: ${window.pwned}`);
    }
    for (const odd of document.querySelectorAll(
        "img[src='x'], a[href^='javascript:window'], [onerror*='pwned']"
    )) {
        console.error(`not text at ${location.pathname}: ${odd.outerHTML}`);
    }
    if (place + 1 < paths.length) {
        location.href = paths[place + 1];
    } else {
        console.log("test successful");
    }
});
