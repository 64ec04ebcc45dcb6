"""Dead code, for ./dev/test dead: what nobody calls any more.

vulture tells what Python does not use. But Odoo calls much by its name: from a view,
from data, from the text of a field's `compute`. So a name also counts as used when it
stands in an XML, JavaScript or SQL file of the add-on (where a program reads it), or in
a string that holds names and nothing else.

Tests do not count: what only they use of the add-on is dead.
"""

import ast
import re

import vulture
from lxml import etree

import places

ADD_ON = ("bank_api", "controllers", "feed", "models", "report", "wizards")
ADD_ON_FILES = ("__manifest__.py", "const.py", "hooks.py")
OTHERS = ("dev", "rehearsal_bank")
WORD = re.compile(r"\w+")
# "a_id", "a_id.name", "a_id,name", "env['a.b']._c()" and the like.
NAMES = re.compile(r"[\w.,:/()\[\]'-]+")
EXPRESSION = re.compile(r"\{\{.*?\}\}")
FOR_PEOPLE = {"alt", "confirm", "help", "placeholder", "string", "title"}
DECORATORS = ["@public_route", "@api.autovacuum", "@api.constrains", "@api.ondelete"]

# What is let through, by its reason. What is named here without need is told as well.
ALLOWED = {
    "Odoo calls it by a name that is nowhere in our text": (
        *("_compute_display_name", "_table_query"),
        *("__get_bank_statements_available_sources", "group_ids"),
    ),
    "an administrator calls it: see the README": ("_rotate",),
    "Python or a library calls or reads it": (
        *("readable", "pool_classes_by_scheme", "trust_env", "direct_passthrough"),
        *("msg", "autocommit", "metadata", "daemon_threads", "handle_error"),
        *("protocol_version", "disable_nagle_algorithm", "close_connection"),
        *("do_POST", "log_message", "server_version", "sys_version", "wbufsize"),
        *("handle_one_request", "exc_info", "allow_reuse_address"),
        *("request_queue_size", "server_bind", "server_name", "service_actions"),
    ),
    "the client speaks all of the API, and reads all that it says": (
        *("all_accounts_selected", "execution_date"),
    ),
    "the list that tests hold the sentences against": ("CODES",),
    "an add-on of its own, for benchmarks beside the community's": (
        "OnlineBankStatementProvider",
    ),
}


def is_test(path):
    return "tests" in path.relative_to(places.ROOT).parts


def code_of_add_on():
    """The add-on's own code; not the files that only pass names on."""
    files = [path for path in places.sources(".py", below=ADD_ON) if not is_test(path)]
    files = [path for path in files if path.name != "__init__.py"]
    return [*files, *(places.ROOT / name for name in ADD_ON_FILES)]


def words_of_data():
    """Every word by which views, data and scripts call code; not those for people."""
    files = [each for each in places.sources(".js", ".sql") if not is_test(each)]
    texts = [path.read_text() for path in files]
    for path in places.sources(".xml"):
        for node in etree.parse(str(path)).iter(etree.Element):
            texts += [t for name, t in node.attrib.items() if name not in FOR_PEOPLE]
            text = (node.text or "").strip()
            is_code = node.get("name") == "code" or NAMES.fullmatch(text)
            texts += [text] if is_code else EXPRESSION.findall(text)
    return {word for text in texts for word in WORD.findall(text)}


def words_of_strings(trees):
    """Every word of strings that hold names and nothing else."""
    nodes = (node for tree in trees for node in ast.walk(tree))
    texts = (node.value for node in nodes if isinstance(node, ast.Constant))
    names = (text for text in texts if isinstance(text, str) and NAMES.fullmatch(text))
    return {word for name in names for word in WORD.findall(name)}


def classes_of_odoo(trees):
    """The names of models and controllers: Odoo takes them up where they stand."""
    nodes = (node for tree in trees for node in ast.walk(tree))
    classes = (node for node in nodes if isinstance(node, ast.ClassDef))
    bases = {node.name: {ast.unparse(base) for base in node.bases} for node in classes}
    return {
        name
        for name, each in bases.items()
        if any(base.startswith(("models.", "http.")) for base in each)
    }


def unused(files, users, known=()):
    """What vulture finds in `files` that neither they nor `users` use.

    :rtype: list[vulture.core.Item]
    """
    finder = vulture.Vulture(ignore_decorators=DECORATORS)
    finder.scavenge([*files, *users])
    items = finder.get_unused_code(min_confidence=60)
    return [each for each in items if each.filename in files and each.name not in known]


def everything_unused():
    """All that vulture finds and Odoo does not call by its name."""
    own = code_of_add_on()
    trees = [ast.parse(path.read_text()) for path in own]
    known = words_of_data() | words_of_strings(trees) | classes_of_odoo(trees)
    users = places.sources(".py")
    others = [file for file in places.sources(".py", below=OTHERS) if not is_test(file)]
    return unused(own, [], known) + unused(others, users)


def sentences():
    """A sentence for each piece of dead code, and for each needless exception."""
    items = everything_unused()
    allowed = {name for names in ALLOWED.values() for name in names}
    needless = allowed - {item.name for item in items}
    told = [
        f"{item.filename.relative_to(places.ROOT)}:{item.first_lineno}: {item.message}"
        for item in items
        if item.name not in allowed
    ]
    return told + [f"dev/dead_code.py: {each} is in use" for each in sorted(needless)]
