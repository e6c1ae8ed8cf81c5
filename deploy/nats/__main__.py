"""Run the permanent provisioner: python -m deploy.nats."""

from deploy.nats.accounts import PROVISIONER
from deploy.nats.app import build
from deploy.nats.settings import ProvisionerSettings
from shared.kit import service

if __name__ == "__main__":
    service.main(PROVISIONER, ProvisionerSettings, build)
