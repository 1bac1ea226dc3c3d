"""The evidence bundle: the files of the contract, on disk, in an archive or in memory, and the snapshot they hold."""
