"""Pages of shares: the public page of a link, the list of links, and the form for a new one."""
