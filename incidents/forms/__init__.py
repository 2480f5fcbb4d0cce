"""What people type about an incident, understood and checked; nothing is saved here."""
