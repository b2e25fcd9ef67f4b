"""Other programs are told what happened: signed calls to the addresses that an administrator gives."""
