"""What every service shares: the contracts they speak and the kit they are built with."""
