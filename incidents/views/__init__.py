"""The pages of incidents: guard, scope, one verb, say so, redirect."""
