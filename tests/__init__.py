from . import (
    test_callback,
    test_import,
    test_import_changes,
    test_tour,
)
