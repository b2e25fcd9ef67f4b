"""Records that come from files of other programs, in batches that can be stopped, gone on with and taken back."""
