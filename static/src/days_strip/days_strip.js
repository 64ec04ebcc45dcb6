import { registry } from "@web/core/registry";
import { localization } from "@web/core/l10n/localization";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { Component, onWillStart, onWillUpdateProps, useRef, useState } from "@odoo/owl";

import { MARKS, kindOf, legend, sentencesOf, titleOf, weekdays } from "./day_words";

const { DateTime } = luxon;

// A step to the day before or after, or to the same weekday a week away.
const STEPS = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -7, ArrowRight: 7 };

/**
 * A cell for each day: covered or not, by which run, and whether bank and books agree.
 * Weeks are columns and months stand apart, so that the strip fits any width.
 */
export class DaysStrip extends Component {
    static template = "account_mastercard_open_banking.DaysStrip";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.months = useRef("months");
        this.legend = legend();
        this.weekdays = weekdays(localization.weekStart);
        this.state = useState({
            twoYears: false,
            months: [],
            summary: [],
            current: null,
            looked: false,
        });
        onWillStart(() => this.load(this.props.record.resId));
        onWillUpdateProps((next) => {
            if (next.record.resId !== this.props.record.resId) {
                return this.load(next.record.resId);
            }
        });
    }

    async load(resId) {
        const options = { two_years: this.state.twoYears };
        const found = await this.orm.call("open.banking.account", "read_days", [[resId]], options);
        this.days = found.days.map((day) => this.prepare(day, found.runs[day.run]));
        Object.assign(this.state, {
            summary: found.summary,
            months: this.byMonth(this.days),
            current: this.days.at(-1).date,
            looked: false,
        });
    }

    prepare(day, run) {
        const kind = kindOf(day);
        const date = DateTime.fromISO(day.date);
        const sentences = sentencesOf(day, run);
        const title = titleOf(day);
        const row = ((date.weekday - localization.weekStart + 7) % 7) + 1;
        const classes = ["o_ob_day", `o_ob_${kind}`];
        return {
            ...day,
            title,
            sentences,
            words: [title, ...sentences].join(" "),
            runName: run?.name,
            number: date.day,
            mark: MARKS[kind],
            style: `grid-row: ${row}`,
            className: [...classes, day.held && "o_ob_held", day.locked && "o_ob_locked"]
                .filter(Boolean)
                .join(" "),
        };
    }

    byMonth(days) {
        const months = [];
        for (const day of days) {
            const key = day.date.slice(0, 7);
            if (months.at(-1)?.key !== key) {
                const name = DateTime.fromISO(day.date).toLocaleString({
                    month: "short",
                    year: "numeric",
                });
                months.push({ key, name, days: [] });
            }
            months.at(-1).days.push(day);
        }
        return months;
    }

    get shown() {
        return this.state.looked && this.days.find((day) => day.date === this.state.current);
    }

    summaryIcon(kind) {
        return { success: "fa-check", danger: "fa-exclamation-triangle" }[kind] || "fa-info-circle";
    }

    look(day) {
        Object.assign(this.state, { current: day.date, looked: true });
    }

    async show(twoYears) {
        this.state.twoYears = twoYears;
        await this.load(this.props.record.resId);
    }

    onKeydown(ev) {
        const step = STEPS[ev.key];
        if (!step) {
            return;
        }
        ev.preventDefault();
        const at = this.days.findIndex((day) => day.date === this.state.current);
        const next = this.days[at + step];
        if (next) {
            this.months.el.querySelector(`[data-date='${next.date}']`).focus();
        }
    }

    /** A finger has no hovering: its first touch tells of the day, the second opens it. */
    onClick(ev, day) {
        const told = this.state.looked && this.touched === day.date;
        this.touched = day.date;
        if (ev.pointerType === "touch" && !told) {
            return this.look(day);
        }
        if (day.count || day.run) {
            return this.openDay(day);
        }
    }

    async openDay(day) {
        const action = await this.orm.call("open.banking.account", "action_open_day", [
            [this.props.record.resId],
            day.date,
        ]);
        return this.action.doAction(action);
    }

    openRun(day) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "open.banking.fetch",
            res_id: day.run,
            views: [[false, "form"]],
        });
    }
}

registry.category("view_widgets").add("open_banking_days", { component: DaysStrip });
