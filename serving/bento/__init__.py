"""The bento: code, a snapshot of the workspace and exact requirements, in one package that serves by itself."""
