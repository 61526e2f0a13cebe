"""Which manager looks after which account: within capacity and level experience, each with a reason."""
