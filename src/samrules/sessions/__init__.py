"""Working memory: an account whose facts and events come one by one, and what each of them changes."""
