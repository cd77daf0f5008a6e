"""Pure decisions, state, access, answers, the HTTP service and the command line."""
