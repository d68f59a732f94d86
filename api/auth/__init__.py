"""The door: who may connect, who is signed in, and what each route needs."""
