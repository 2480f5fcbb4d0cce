"""What the incidents app keeps: the record, its response, its links, files in and out."""

from incidents.models.desk import BulkAction, BulkRow, SavedFilter
from incidents.models.files import (
    ExportFile,
    ExportFilePart,
    ExportFileQuerySet,
    ImportBatch,
    ImportBatchQuerySet,
    ImportChange,
    ImportFile,
    ImportPair,
    ImportPairQuerySet,
)
from incidents.models.links import IncidentLink, IncidentMerge, NotATwin, SecondReport
from incidents.models.mappings import (
    ImportFindings,
    ImportMapping,
    ImportMappingQuerySet,
)
from incidents.models.record import (
    BAND_HOURS,
    READERS,
    REVIEW_ORDER,
    SEES_SENSITIVE,
    ConflictingSubmission,
    Incident,
    IncidentActor,
    IncidentQuerySet,
    IncidentRevision,
    IncidentStep,
    Source,
    Victimization,
)
from incidents.models.response import (
    IncidentResponse,
    ResponseAction,
    ResponseQuerySet,
    RetaliationWatch,
    WatchCheck,
    WatchQuerySet,
)
from incidents.models.rollups import WeeklyCount, WeeklyDelta, WeeklyPlaceCount
from incidents.models.search import SearchWord

__all__ = [
    "BAND_HOURS",
    "READERS",
    "REVIEW_ORDER",
    "SEES_SENSITIVE",
    "BulkAction",
    "BulkRow",
    "ConflictingSubmission",
    "ExportFile",
    "ExportFilePart",
    "ExportFileQuerySet",
    "ImportBatch",
    "ImportBatchQuerySet",
    "ImportChange",
    "ImportFile",
    "ImportFindings",
    "ImportMapping",
    "ImportPair",
    "ImportPairQuerySet",
    "ImportMappingQuerySet",
    "Incident",
    "IncidentActor",
    "IncidentLink",
    "IncidentMerge",
    "IncidentQuerySet",
    "IncidentResponse",
    "IncidentRevision",
    "IncidentStep",
    "NotATwin",
    "ResponseAction",
    "ResponseQuerySet",
    "RetaliationWatch",
    "SavedFilter",
    "SearchWord",
    "SecondReport",
    "Source",
    "Victimization",
    "WatchCheck",
    "WatchQuerySet",
    "WeeklyCount",
    "WeeklyDelta",
    "WeeklyPlaceCount",
]
