"""Routes of template sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.testing.simulator.app import Call, Reply
from helpdesk_bridge_desk360.simulator.endpoint import TEMPLATES, endpoint
from helpdesk_bridge_desk360.simulator.parameters import Fields
from helpdesk_bridge_desk360.simulator.routes.destinations import attachment_of, bulk_phones, translation_for
from helpdesk_bridge_desk360.simulator.service import RouteGroup

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from helpdesk_bridge.testing.simulator.forms import UploadedFile
    from helpdesk_bridge_desk360.simulator.routes.destinations import Translation


class TemplateRoutes(RouteGroup):
    """The two calls that send a template."""

    @endpoint("POST", f"{TEMPLATES}/send", source='"Send WhatsApp Message Template"')
    def send_template(self, call: Call, integration_id: str) -> Reply:
        """Send a template; of several destinations each gets it, and the first one's id is answered (assumed)."""
        integration = self.service.integration(integration_id)
        request = Fields(call.body_tree)
        translation = translation_for(integration, request)
        attachment = attachment_of(call, request)
        receivers = [(entry.phone("phone"), translation.parameters(entry)) for entry in request.objects("destinations")]
        self.messaging.require_reachable(integration, [phone for phone, _ in receivers], free_form=False)
        sent = [
            self.messaging.send(
                integration,
                phone,
                "template",
                _content(translation, parameters, attachment),
                free_form=False,
                announced=position == 0,
            )
            for position, (phone, parameters) in enumerate(receivers)
        ]
        return Reply.json({"message_id": sent[0].id})

    @endpoint("POST", f"{TEMPLATES}/send/bulk", source='"Bulk Send WhatsApp Message Template"')
    def send_template_in_bulk(self, call: Call, integration_id: str) -> Reply:
        """Send a template to many with the same parameters; the numbers are answered, and no ids."""
        integration = self.service.integration(integration_id)
        request = Fields(call.body_tree)
        translation = translation_for(integration, request)
        attachment = attachment_of(call, request)
        phones = bulk_phones(call, request)
        content = _content(translation, translation.parameters(request), attachment)
        self.messaging.require_reachable(integration, phones, free_form=False)
        for phone in phones:
            self.messaging.send(integration, phone, "template", content, free_form=False, announced=False)
        return Reply.json({"phones": phones})


def _content(
    translation: Translation, parameters: Mapping[str, str], attachment: UploadedFile | None
) -> Mapping[str, Any]:
    return {
        "template_id": translation.template_id,
        "language_id": translation.language_id,
        "parameters": parameters,
        "attachment": None if attachment is None else attachment.filename,
    }
