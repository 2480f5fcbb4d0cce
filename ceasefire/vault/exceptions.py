"""What the vault refuses."""


class VaultError(Exception):
    """Something the vault did not do."""


class SealBroken(VaultError):
    """A sealed text was moved, changed or cut: it does not open where it stands."""


class UnknownKey(VaultError):
    """A text is sealed under a key that the key file does not hold."""


class NothingSealed(VaultError):
    """The record has no such sealed field."""


class RevealRefused(VaultError):
    """The person may not reveal identities."""


class ReasonMissing(RevealRefused):
    """An identity is revealed for a reason, and the reason is kept."""


class RevealLimitReached(RevealRefused):
    """The person has revealed as many identities today as a day allows."""
