"""The frame and the parts of the pages: plain HTML, one small style sheet."""

from html import escape

from .words import say

STYLE = """
:root { --ink: #16242e; --soft: #5b6b76; --line: #d5dde2; --go: #12507b;
  --paper: #ffffff; --back: #eef2f4; --warn: #fff3cd; --bad: #a4262c; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 17px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
.banner { background: var(--warn); border-bottom: 1px solid #e3cf8a;
  text-align: center; padding: .4rem 1rem; font-weight: 600; font-size: .9rem; }
main { max-width: 30rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
.card { background: var(--paper); border: 1px solid var(--line);
  border-radius: .75rem; padding: 1.4rem 1.25rem; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .6rem; }
p { margin: 0 0 1rem; }
.steps { color: var(--soft); font-size: .85rem; margin: 0 0 .6rem; }
.soft { color: var(--soft); }
.error { color: var(--bad); font-weight: 600; }
label { display: block; font-weight: 600; margin: 0 0 .3rem; }
input[type=text], input[type=search], input[type=email], input[type=password] {
  width: 100%; font: inherit; padding: .65rem .75rem; margin: 0 0 1rem;
  border: 1px solid #93a2ac; border-radius: .5rem; background: #fff; }
button { font: inherit; min-height: 3rem; padding: .6rem 1rem; cursor: pointer;
  border-radius: .5rem; border: 1px solid var(--line); background: #fff;
  color: var(--ink); width: 100%; }
button.go { background: var(--go); border-color: var(--go); color: #fff;
  font-weight: 600; }
button.quiet { border-color: transparent; background: none;
  text-decoration: underline; color: var(--soft); margin-top: .5rem; }
button:focus-visible, input:focus-visible, a:focus-visible {
  outline: 3px solid #f0a202; outline-offset: 2px; }
ul.plain { list-style: none; margin: 0 0 1rem; padding: 0; }
ul.plain li { margin: 0 0 .5rem; }
.search { display: flex; gap: .5rem; }
.search input { flex: 1; }
.search button { width: auto; height: 3.05rem; }
.bank { display: flex; justify-content: space-between; align-items: center;
  text-align: left; gap: 0 1rem; flex-wrap: wrap; }
.bank small { white-space: nowrap; }
.bank small, .tick small { color: var(--soft); }
.tick { display: flex; gap: .8rem; align-items: flex-start; padding: .75rem;
  border: 1px solid var(--line); border-radius: .5rem; font-weight: 400; }
.tick input { width: 1.35rem; height: 1.35rem; margin: .15rem 0 0; flex: none; }
.tick span { flex: 1; } .tick b { display: block; }
.code { font-size: 1.8rem; letter-spacing: .2em; font-weight: 700; }
@media (min-width: 40rem) { main { padding-top: 3rem; } .card { padding: 2rem; } }
"""


def frame(language, title, body, step=""):
    """A whole page."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f'<body data-step="{escape(step)}">'
        f'<div class="banner" id="banner">{say(language, "banner")}</div>'
        f'<main><div class="card">{body}</div></main></body></html>'
    )


def head(flow, title, error=""):
    """Step counter, heading and, when there is one, what went wrong."""
    parts = []
    steps = [s for s in flow.steps if not (s == "bank" and flow.fixed_bank)]
    if flow.step in steps:
        number = steps.index(flow.step) + 1
        text = say(flow.language, "step", number, len(steps))
        parts.append(f'<p class="steps">{text}</p>')
    parts.append(f"<h1>{escape(title)}</h1>")
    if error:
        shown = escape(say(flow.language, error))
        parts.append(f'<p class="error" id="error" role="alert">{shown}</p>')
    return "".join(parts)


def form(flow, inner, submit=None, button="continue"):
    """A form of the current step with its main button and Cancel."""
    go = ""
    if submit:
        go = (
            f'<button class="go" type="submit" id="{button}" name="action" '
            f'value="continue">{escape(say(flow.language, submit))}</button>'
        )
    cancel = say(flow.language, "cancel")
    return (
        f'<form method="post" action="/app/flow/{flow.id}" id="form-{flow.step}">'
        f'<input type="hidden" name="step" value="{flow.step}">{inner}{go}'
        '<button class="quiet" type="submit" id="cancel" name="action" '
        f'value="cancel" formnovalidate>{cancel}</button></form>'
    )


def text_input(name, label, value="", kind="text", more=""):
    """A labelled input; its id is its name."""
    return (
        f'<label for="{name}">{escape(label)}</label><input type="{kind}" '
        f'id="{name}" name="{name}" value="{escape(value)}" {more}>'
    )


def paragraph(text, css=""):
    """A paragraph of plain text."""
    mark = f' class="{css}"' if css else ""
    return f"<p{mark}>{escape(text)}</p>"


def items(texts):
    """A bulleted list of plain texts."""
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"
