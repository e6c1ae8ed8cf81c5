"""What the tables of schema devices have in common."""

from sqlalchemy import MetaData

metadata = MetaData()
