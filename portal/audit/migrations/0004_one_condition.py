from django.db import migrations

from portal.access.isolation import BOUND, OPERATOR

TABLES = ("entry", "waiting", "link", "head", "hearing")
# One condition and no `or`: with two policies the planner takes a bitmap of both and sorts a whole chain for its end.
ALLOWED = f"coalesce(client_id, 0) = coalesce({BOUND}, case when {OPERATOR} then 0 end)"
FORMER = f"client_id = {BOUND}"
OF_OPERATORS = f"client_id is null and {OPERATOR}"


def one_condition(table: str) -> migrations.RunSQL:
    """Rows of the bound client; of none, for an operator who is bound to none."""
    return migrations.RunSQL(
        f"drop policy operator_writes on {table};"
        f"alter policy tenant on {table} using ({ALLOWED}) with check ({ALLOWED})",
        f"alter policy tenant on {table} using ({FORMER}) with check ({FORMER});"
        f"create policy operator_writes on {table} using ({OF_OPERATORS}) with check ({OF_OPERATORS})",
    )


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_hearing")]
    operations = [one_condition(f"audit_{name}") for name in TABLES]
