"""When a challenger becomes champion: the rule, and the exactly-once protocol."""
