import { _t } from "@web/core/l10n/translation";

const { DateTime, Info } = luxon;

// A letter for each kind of day: what it means can be seen without its colour.
export const MARKS = {
    agrees: "=",
    parts: "≠",
    unknown: "?",
    gap: "!",
    waiting: "…",
    before: "",
    future: "",
};

/** The kind of a day decides its letter, pattern and colour. A gap is shown in any case. */
export function kindOf(day) {
    const parts = day.balance === "parts" && day.coverage !== "gap";
    return parts || day.coverage === "covered" ? day.balance : day.coverage;
}

/** What the legend explains, in the order of its entries. */
export function legend() {
    return [
        { kind: "agrees", mark: MARKS.agrees, text: _t("covered, balance agrees") },
        { kind: "parts", mark: MARKS.parts, text: _t("balance parts") },
        { kind: "unknown", mark: MARKS.unknown, text: _t("covered, balance not told") },
        { kind: "gap", mark: MARKS.gap, text: _t("not covered") },
        { kind: "waiting", mark: MARKS.waiting, text: _t("today, not read yet") },
        { kind: "before", mark: "", text: _t("not expected") },
        { kind: "held", mark: "", text: _t("something is held") },
        { kind: "locked", mark: "", text: _t("locked period") },
    ];
}

/** The first letters of the weekdays, in the order of the user's calendar. */
export function weekdays(weekStart) {
    const letters = Info.weekdays("narrow");
    return letters.map((_letter, at) => letters[(at + weekStart - 1) % 7]);
}

/** The day itself, as a person says it. */
export function titleOf(day) {
    const format = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
    return DateTime.fromISO(day.date).toLocaleString(format);
}

/** All that is known of a day, a sentence each. */
export function sentencesOf(day, run) {
    const said = [coverageWords(day, run), linesWords(day), balanceWords(day)];
    if (day.held) {
        said.push(_t("Held, not in the books: %s.", day.held));
    }
    if (day.locked) {
        said.push(_t("The day lies in a locked period."));
    }
    return said.filter(Boolean);
}

function coverageWords(day, run) {
    if (run && run.consent) {
        return _t(
            "Covered by run %(name)s (%(trigger)s, %(when)s) under the consent %(consent)s.",
            run
        );
    }
    if (run) {
        return _t("Covered by run %(name)s (%(trigger)s, %(when)s).", run);
    }
    return {
        gap: _t("Not covered: no run has read this day completely."),
        waiting: _t("Not read yet: today's first run is still to come."),
        before: _t("Not expected: the day lies before the start of the import."),
        future: _t("The day is still to come."),
    }[day.coverage];
}

function linesWords(day) {
    if (!day.count) {
        return _t("No statement lines.");
    }
    if (day.count === 1) {
        return _t("1 statement line: %s.", day.total);
    }
    return _t("%(count)s statement lines, together %(total)s.", day);
}

function balanceWords(day) {
    if (day.balance === "agrees") {
        return _t("Balance in the evening: %(books)s, as at the bank.", day);
    }
    if (day.balance === "parts" && day.books) {
        return _t(
            "The balances part: bank %(bank)s, books %(books)s, difference %(difference)s.",
            day
        );
    }
    if (day.balance === "parts") {
        return _t(
            "Bank %(bank)s; the books were opened with another balance, difference %(difference)s.",
            day
        );
    }
    return day.coverage === "covered" && _t("The bank told no balance to compare with.");
}
