"""Wire formats: queue messages, HTTP bodies, EventBridge details."""
