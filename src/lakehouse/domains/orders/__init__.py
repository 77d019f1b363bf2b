"""Orders and customers of a shop: a database's changes, an application's log, and what is counted of them."""
