"""The tag of our own system checks, which commands run at their start."""

# Django's security checks load every view's modules, which takes longer than most commands.
SAFETY = "safety"
