"""The workspace as its own people see and change it."""
