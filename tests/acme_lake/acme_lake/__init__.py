"""The lake of a courier: parcels and where they were scanned. It knows the library's public names only."""
