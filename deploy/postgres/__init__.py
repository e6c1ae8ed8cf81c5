"""The database: one schema a service, two roles a schema, nobody trusted without a password."""
