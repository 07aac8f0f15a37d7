"""The plain data of the client, in one place to import from.

`records` holds what is written and read, `schema` what the portal is like, `matching` joins inputs and results.
"""

from .matching import Answer, match, match_read
from .records import (
    AssociationInput,
    AssociationPair,
    AssociationResult,
    AssociationType,
    BatchResult,
    InlineAssociation,
    InputError,
    Record,
    SearchResult,
    WriteInput,
)
from .schema import (
    OBJECT_TYPE,
    AccountDetails,
    AssociationLabel,
    ObjectType,
    Option,
    Owner,
    Pipeline,
    PropertyDefinition,
    PropertyGroup,
    Stage,
    TokenInfo,
    Tokens,
)

__all__ = [
    "OBJECT_TYPE",
    "AccountDetails",
    "Answer",
    "AssociationInput",
    "AssociationLabel",
    "AssociationPair",
    "AssociationResult",
    "AssociationType",
    "BatchResult",
    "InlineAssociation",
    "InputError",
    "ObjectType",
    "Option",
    "Owner",
    "Pipeline",
    "PropertyDefinition",
    "PropertyGroup",
    "Record",
    "SearchResult",
    "Stage",
    "TokenInfo",
    "Tokens",
    "WriteInput",
    "match",
    "match_read",
]
