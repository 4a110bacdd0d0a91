"""The public site: what Aggios is, its documentation, its rules, and files for programs."""
