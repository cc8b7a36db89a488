"""The conformance suite: an adapter's author subclasses ``HelpdeskAdapterTests`` and runs pytest.

.. code-block:: python

    import pytest
    from helpdesk_bridge import open_desk
    from helpdesk_bridge.testing.conformance import HelpdeskAdapterTests

    class TestOurDesk(HelpdeskAdapterTests):
        @pytest.fixture
        def helpdesk(self):
            with open_desk({"vendor": "ours", ...}) as desk:
                yield desk          # empty and writable

Each test's name is a promise of the desk; its docstring states it in a sentence. Only the desk's ``capabilities`` decide
which tests it gets, in both directions: a declared ability must work, an undeclared one must raise ``Unsupported`` and
send nothing. ``docs/how-to/write-an-adapter.md`` shows the whole way.
"""

from __future__ import annotations

try:
    import pytest
except ImportError as error:
    raise ImportError(
        "the conformance suite needs pytest: install this package's extra testing", name="pytest"
    ) from error
try:
    import hypothesis  # noqa: F401 - only whether it is installed
except ImportError as error:
    raise ImportError(
        "the conformance suite needs hypothesis: install this package's extra testing", name="hypothesis"
    ) from error

# A failing assertion shows both sides, as in a test module of one's own.
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in ("areas", "fixtures", "suite")))

from helpdesk_bridge.testing.conformance.fixtures import FaultSwitch  # noqa: E402 - after the registration
from helpdesk_bridge.testing.conformance.suite import HelpdeskAdapterTests  # noqa: E402 - after the registration
from helpdesk_bridge.testing.conformance.vocabulary import Vocabulary  # noqa: E402 - after the registration

__all__ = ["FaultSwitch", "HelpdeskAdapterTests", "Vocabulary"]
