"""What the registry hears: devices, operations, people, templates, alarms and doors."""
