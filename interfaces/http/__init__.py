"""HTTP: routes of both API families, one error body, one map from credentials to an actor."""
