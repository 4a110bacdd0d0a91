"""Custom domains: claimed, proved by a DNS record, routed, offered to the proxy, released."""
