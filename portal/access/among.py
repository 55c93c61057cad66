"""`id__among=ids`: thousands of ids as one value of the statement, where `in` writes, sends and plans each of them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.lookups import BuiltinLookup


class Among(BuiltinLookup):
    """`column = any(array)`. In order, an index is read in order, too: give it sorted ids."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} = any(%s::bigint[])", [*left_params, list(self.rhs)]


for field in (models.BigAutoField, models.BigIntegerField, models.ForeignKey):
    field.register_lookup(Among)
