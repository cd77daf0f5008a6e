"""Tables in, features out: contracts, lake, ingest, calendar, load and behaviour features, the demo territory."""
