"""Devices: the registry of terminals and their operations; its agents hold the connections.

Owns: sites, devices and their sealed comm keys, who dials in and waits for approval, presence,
    operations and how they ended, the copy of the people on devices, templates in custody, alarms,
    what happens at devices besides punches.
Says: each site's owner in the SITE bucket, that a roster is new, operations for devices, people
    that were read, the version of each owner's people.
Hears: what callers ask of devices, people, jobs and doors; presence, sightings, outcomes, people,
    templates, alarms and events from agents.
Never does: dial a device (only its agents do), keep a punch, put an unlock on a stream, or show a
    template to anybody but an agent that is to write it.
"""
