"""The broker: who may say and hear what, its configuration, and the provisioner of its streams."""
