"""Pages of the people of a workspace, for owners and administrators."""
