"""The broker, the database and the runner, all real."""
