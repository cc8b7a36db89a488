"""The inbox: a local desk's file with the messages that webhooks delivered and this library sent."""
