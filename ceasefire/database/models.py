"""No table of its own: Django announces a migration run only to apps that have this module."""
