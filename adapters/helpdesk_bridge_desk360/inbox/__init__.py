"""The inbox: a local desk's file that keeps what webhooks brought and what this library sent."""
