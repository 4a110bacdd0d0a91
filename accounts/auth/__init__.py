"""Log-in, registration, sign-up and reauthentication."""
