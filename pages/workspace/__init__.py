"""Pages of a workspace's settings: general, log-in rules, domains, API keys, usage, audit, end."""
