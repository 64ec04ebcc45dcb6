"""The form of XML files: what is let through and what is not."""

import pytest

import places
import xml_form

GOOD = """\
<?xml version="1.0" encoding="utf-8"?>
<odoo>
    <!-- A remark. -->
    <record id="a" model="ir.ui.view">
        <field name="arch" type="xml">
            <list create="0"
                  delete="0">
                <field name="a" help="is
                    a > b"/>
            </list>
            <p>Words, <b>and more</b>
              words.</p>
        </field>
        <field name="body_html" type="html">
<div>
    <p>Dear you</p>
</div>
        </field>
    </record>
</odoo>
"""


def wrong(text):
    return [what for _line, what in xml_form.Form(text).check()]


def test_a_tidy_file_is_let_through():
    assert wrong(GOOD) == []


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("utf-8", "UTF-8", "does not begin with"),
        ("</odoo>\n", "</odoo>", "does not end with one line end"),
        ("</odoo>\n", "</odoo>\n\n", "does not end with one line end"),
        ("    <!--", "\t<!--", "a tab"),
        ('ir.ui.view">', 'ir.ui.view"> ', "blanks at the end"),
        ("<odoo>\n", "<odoo>\r\n", "blanks at the end"),
        ("    <!--", "\n\n    <!--", "more than one empty line"),
        ('a > b"/>', 'a > b" />', "a blank before"),
        ("    <record", "  <record", "begins at column 2, not at 4"),
        ("    </record>", "      </record>", "begins at column 6, not at 4"),
        ("    <p>Dear", "   <p>Dear", "begins at column 3, not at 4"),
        ("                  delete", "                 delete", "an attribute at"),
    ],
)
def test_what_is_untidy_is_told(old, new, sentence):
    assert old in GOOD
    found = wrong(GOOD.replace(old, new, 1))
    assert any(what.startswith(sentence) for what in found), found


def test_the_line_is_told(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(GOOD.replace("        <field", "       <field", 1))
    [sentence] = xml_form.bad_lines(path)
    assert sentence == f"{path}:5: begins at column 7, not at 8"


def test_what_is_not_well_formed_is_told(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(GOOD.replace("</odoo>", ""))
    [sentence] = xml_form.bad_lines(path)
    assert "a.xml" in sentence


def test_all_files_of_the_add_on_are_looked_at():
    assert len(places.sources(".xml")) > 30
