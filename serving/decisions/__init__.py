"""Pure decisions: frames, parameters and a moment in, frames out. No storage, no HTTP."""
