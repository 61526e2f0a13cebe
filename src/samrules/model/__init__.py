"""What a ruleset is: frozen classes, types, operators, expressions. No input or output."""
