from . import (
    test_access,
    test_callback,
    test_failures,
    test_import,
    test_import_changes,
    test_journal,
    test_mapping,
    test_reconnect,
    test_tokens,
    test_tour,
    test_vault_and_settings,
)
