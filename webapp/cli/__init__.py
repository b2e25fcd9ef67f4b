"""The command line `obieg`."""
