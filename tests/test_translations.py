from odoo.tests import TransactionCase, tagged

from .test_links import LinkCase
from .translations import (
    LANGUAGES,
    MODULE,
    UPDATE,
    Languages,
    behind,
    export,
    is_for_customer,
    parted,
    placed,
    read,
    read_template,
    sentences,
    short,
    untranslated,
)


@tagged("post_install", "-at_install")
class TestTranslations(Languages, TransactionCase):
    def test_the_template_is_what_the_code_says(self):
        inherited = {
            name
            for model in ("mail.thread", "mail.activity.mixin")
            for name in self.env[model]._fields
        }
        have = placed(read_template(), inherited)
        wanted = placed(export(self.env), inherited)
        self.assertGreater(len(wanted), 500)
        self.assert_nothing(behind(have, wanted), UPDATE)

    def test_each_language_has_the_terms_of_the_template(self):
        for language in LANGUAGES:
            with self.subTest(language=language):
                found = behind(placed(read(language)), placed(read_template()))
                self.assert_nothing(found, UPDATE)

    def test_danish_is_complete(self):
        self.assert_nothing(untranslated(read("da")))

    def test_all_that_the_customer_sees_is_there_in_each_language(self):
        for language in LANGUAGES:
            with self.subTest(language=language):
                seen = [entry for entry in read(language) if is_for_customer(entry)]
                self.assertGreater(len(seen), 70)
                self.assert_nothing(untranslated(seen))

    def test_values_and_tags_are_kept(self):
        for language in LANGUAGES:
            with self.subTest(language=language):
                done = [entry for entry in read(language) if entry.msgstr]
                found = [(short(e.msgid), parted(e.msgid, e.msgstr)) for e in done]
                self.assert_nothing([f"{term}: {bad}" for term, bad in found if bad])

    def test_a_value_or_tag_that_parts_is_seen(self):
        for source, translation in (
            ("%s days", "dage"),
            ("%(days)s days", "%(dage)s dage"),
            ("{{ object.name }} reads", "{{ object.navn }} læser"),
            ("<b>you</b>", "<i>du</i>"),
            ('<t t-out="a">Karen</t>', '<t t-out="b">Karen</t>'),
            ('<a href="#">here</a>', "her"),
            ("days\n", "dage"),
            (", or on", "eller på"),
        ):
            with self.subTest(source=source):
                self.assertTrue(parted(source, translation))
                self.assertFalse(parted(source, source))

    def test_what_a_tag_says_is_translated(self):
        self.assertFalse(parted('<i title="State"/>', '<i title="Status"/>'))
        self.assertTrue(parted('<i title="State"/>', "<i/>"))

    def test_odoo_reads_each_language_without_a_warning(self):
        template = self.env.ref(f"{MODULE}.mail_template_disconnect")
        for code in LANGUAGES.values():
            with self.subTest(code=code):
                self.load(code)
                spoken = template.with_context(lang=code)
                self.assertNotEqual(spoken.subject, template.subject)
                self.assertNotEqual(spoken.body_html, template.body_html)

    def test_each_screen_opens_in_danish(self):
        self.load("da_DK")
        names = self.env["ir.model.data"].search(
            [("module", "=", MODULE), ("model", "=", "ir.ui.view")]
        )
        views = self.env["ir.ui.view"].browse(names.mapped("res_id"))
        views = views.filtered("model")
        self.assertGreater(len(views), 20)
        for view in views:
            base = view
            while base.inherit_id and base.mode == "extension":
                base = base.inherit_id
            with self.subTest(view=view.xml_id), self.assertNoLogs("odoo", "WARNING"):
                model = self.env[view.model].with_context(lang="da_DK")
                model.get_view(base.id, base.type)


@tagged("post_install", "-at_install")
class TestTranslatedPages(Languages, LinkCase):
    """No English is left in what the customer sees."""

    def english(self, language):
        """Return the sentences that have another wording in a language."""
        seen = [entry for entry in read(language) if is_for_customer(entry)]
        return {
            sentence
            for entry in seen
            for sentence in sentences(entry.msgid)
            if sentence not in " ".join(entry.msgstr.split())
        }

    def assert_no_english(self, language, text):
        text = " ".join(text.split())
        left = [each for each in self.english(language) if each in text]
        self.assert_nothing(sorted(left))

    def test_the_page_and_the_mail_with_the_link(self):
        for language, code in LANGUAGES.items():
            with self.subTest(code=code):
                self.load(code)
                link = self.send(lang=code)
                mail = self.mails()[0]
                self.assert_no_english(language, f"{mail.subject} {mail.body_html}")
                page = self.url_open(link)
                self.assertIn(f'lang="{code.replace("_", "-")}"', page.text)
                self.assert_no_english(language, self.text_of(page))

    def test_the_mail_of_a_disconnection(self):
        consent = self.connect()
        template = self.env.ref(f"{MODULE}.mail_template_disconnect")
        for language, code in LANGUAGES.items():
            with self.subTest(code=code):
                self.load(code)
                consent.partner_id.lang = code
                for field in ("subject", "body_html"):
                    shown = template._render_field(
                        field, consent.ids, compute_lang=True
                    )
                    self.assert_no_english(language, shown[consent.id])

    def test_the_pages_that_say_no(self):
        for language, code in LANGUAGES.items():
            with self.subTest(code=code):
                self.load(code)
                page = self.url_open(
                    "/open_banking/consent/unknown",
                    headers={"Accept-Language": code.replace("_", "-")},
                )
                self.assertEqual(page.status_code, 404)
                self.assert_no_english(language, self.text_of(page))
