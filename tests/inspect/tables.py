"""Tells as JSON what pandas and DuckDB read in the rows of a directory."""

import json
import sys

import duckdb
import pandas

place = sys.argv[1]


def plain(value):
    """A value without the types of its library; none where there is none."""
    if value is None or pandas.isna(value):
        return None
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, (bool, int, float)) else str(value)


def frame(table):
    rows = table.to_dict(orient="records")
    return [{name: plain(value) for name, value in row.items()} for row in rows]


told = {}
for rows in ["trials", "steps"]:
    for form in ["csv", "parquet"]:
        path = f"{place}/{rows}.{form}"
        read = pandas.read_csv if form == "csv" else pandas.read_parquet
        told[f"pandas {rows} {form}"] = frame(read(path))
        told[f"duckdb {rows} {form}"] = frame(duckdb.sql(f"from '{path}'").df())
told["types"] = {
    name: str(kind) for name, kind in duckdb.sql(f"describe from '{place}/trials.parquet'").project("column_name, column_type").fetchall()
}
told["rate"] = duckdb.sql(
    f"select condition, count(*) filter (lens_palisade), count(lens_palisade) "
    f"from '{place}/trials.parquet' group by condition order by condition"
).fetchall()
told["commands"] = duckdb.sql(
    f"select trial, step, command from '{place}/steps.parquet' order by trial, step"
).fetchall()
print(json.dumps(told))
