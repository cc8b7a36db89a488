"""The conformance suite: whoever writes an adapter subclasses ``HelpdeskAdapterTests`` and runs pytest.

.. code-block:: python

    import pytest
    from helpdesk_bridge import open_desk
    from helpdesk_bridge.testing.conformance import HelpdeskAdapterTests

    class TestOurDesk(HelpdeskAdapterTests):
        @pytest.fixture
        def helpdesk(self):
            with open_desk({"vendor": "ours", ...}) as desk:
                yield desk          # empty and writable

Every test's name says what the desk promises; its docstring says it in a sentence. What a desk cannot do is chosen by
its ``capabilities`` and by nothing else, in both directions: declared means that it works, undeclared means
``Unsupported`` and that nothing is sent. ``docs/how-to/write-an-adapter.md`` has the whole way.
"""

from __future__ import annotations

try:
    import pytest
except ImportError as error:
    raise ImportError(
        "the conformance suite needs pytest: pip install 'helpdesk-bridge[testing]'", name="pytest"
    ) from error
try:
    import hypothesis  # noqa: F401 - only whether it is there
except ImportError as error:
    raise ImportError(
        "the conformance suite needs hypothesis: pip install 'helpdesk-bridge[testing]'", name="hypothesis"
    ) from error

# A failing assertion shows both sides, as in a test module of one's own.
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in ("areas", "fixtures", "suite")))

from helpdesk_bridge.testing.conformance.fixtures import FaultSwitch  # noqa: E402 - after the registration
from helpdesk_bridge.testing.conformance.suite import HelpdeskAdapterTests  # noqa: E402 - after the registration
from helpdesk_bridge.testing.conformance.vocabulary import Vocabulary  # noqa: E402 - after the registration

__all__ = ["FaultSwitch", "HelpdeskAdapterTests", "Vocabulary"]
