"""Who is asking, as PostgreSQL knows it.

One middleware and one task wrapper set, for each transaction, the acting user (the audit trail
reads it) and the database role. REO roles run under a role that begins with no right on any table;
each migration that makes a table says, with `operations.Access`, what it opens and to whom. A
forgotten filter in a view is then an error in the log and not a leak.
"""
