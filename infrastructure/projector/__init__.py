"""The projector: folds the log into the read models, one build at a time, batched, fenced, never twice."""
