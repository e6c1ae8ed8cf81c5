"""What the registry hears: registrations, operations and doors."""
