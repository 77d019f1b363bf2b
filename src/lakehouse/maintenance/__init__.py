"""Few files, few snapshots: compaction and expiry, which never fight a running stream or build."""
