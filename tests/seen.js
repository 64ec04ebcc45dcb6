// What a bookkeeper sees on a screen, and the one thing he presses. The test puts the
// values in at the end; said on the console when all is as it should be.
(async (area, name, text, primary, press, then) => {
    const words = (element) => element.textContent.replace(/\s+/g, " ").trim();
    const until = async (find, what) => {
        for (let turn = 0; turn < 150; turn++) {
            const found = find();
            if (found) {
                return found;
            }
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
        throw new Error(`${what} is not to be seen in: ${words(document.body).slice(0, 1500)}`);
    };
    const having = (selector, said) =>
        [...document.querySelectorAll(selector)].find((each) => words(each).includes(said));
    try {
        const shown = await until(() => {
            const found = having(area, name);
            return found && words(found).includes(text) && found;
        }, `${name} with: ${text}`);
        if (primary) {
            const seen = [...shown.querySelectorAll("button.btn-primary")].map(words);
            if (seen.join() !== primary.join()) {
                throw new Error(`the primary buttons are: ${seen.join()}`);
            }
        }
        for (const [selector, said] of press) {
            (await until(() => having(selector, said), `the button ${said}`)).click();
        }
        for (const [selector, said] of then) {
            await until(() => having(selector, said), said);
        }
        console.log("test successful");
    } catch (error) {
        console.error(error.message);
    }
})(...VALUES);
