"""The tables of schema devices."""

from services.devices.models.base import metadata
from services.devices.models.devices import devices, paths, pending, presence, sites
from services.devices.models.events import alarms, device_events
from services.devices.models.operations import operations, outbox
from services.devices.models.people import data_keys, device_users, people_versions, templates

__all__ = [
    "alarms",
    "data_keys",
    "device_events",
    "device_users",
    "devices",
    "metadata",
    "operations",
    "outbox",
    "paths",
    "pending",
    "people_versions",
    "presence",
    "sites",
    "templates",
]
