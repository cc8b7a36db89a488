"""Cut-over: from the last day at the old helpdesk to the first at the new one, as a checklist that the journal keeps."""
