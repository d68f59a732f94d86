"""Who uses the service: accounts, their roles and rights, sessions, tokens and sign-in."""
