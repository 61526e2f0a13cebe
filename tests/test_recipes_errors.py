"""Recipes and exports that cannot be used: each problem in its place, with its cure, and nothing written."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from samrules.cli.main import cli

RECIPE = """\
recipe: mini
title: Sales
tables:
  sales:
    title: one row a sale
    dated: day
    columns:
      client: {meaning: the client, filled: true}
      day: {meaning: the day, type: date, filled: true}
      amount: {meaning: what it brought, type: number}
      open: {meaning: whether it is open, type: boolean, required: false, gives: [open_escalations]}
      pieces: {meaning: how many, type: integer, required: false, gives: [offering_count]}
"""
ACCOUNTS = """\
select
    client as account_id,
    sum(amount) as revenue_ttm
from sales
group by client
"""
SALES = "client,day,amount\nA,2026-01-02,5\nB,2026-02-03,7.5\n"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs in a folder of its own that holds a recipe and exports."""
    monkeypatch.chdir(tmp_path)
    for folder in ("mini", "data"):
        Path(folder).mkdir()
    recipe(RECIPE)
    sql("accounts", ACCOUNTS)
    table("sales", SALES)


def recipe(text: str) -> None:
    Path("mini/recipe.yaml").write_text(text, "utf-8")


def sql(name: str, text: str) -> None:
    Path(f"mini/{name}.sql").write_text(text, "utf-8")


def table(name: str, text: str) -> None:
    Path(f"data/{name}.csv").write_text(text, "utf-8")


def run(*more: str, name: str = "mini", data: str = "data", as_of: str = "2026-11-21") -> tuple[int, str]:
    found = CliRunner().invoke(cli, ["facts", name, data, "--as-of", as_of, "--out", "out", *more])
    assert found.stdout == ""
    return found.exit_code, found.stderr


def refused(*more: str, **given: str) -> str:
    """What is said of unusable input: exit 2, and no file more than before."""
    before = {p: p.stat().st_mtime_ns for p in Path().rglob("*")}
    code, said = run(*more, **given)
    assert code == 2
    assert {p: p.stat().st_mtime_ns for p in Path().rglob("*")} == before
    return said


def test_what_the_other_tests_break_works() -> None:
    code, said = run()
    assert code == 0
    assert said.endswith("2 rows in accounts.csv: out\n")
    assert Path("out/accounts.csv").read_text() == "account_id,revenue_ttm\nA,5\nB,7.5\n"
    assert [p.name for p in Path("out").iterdir()] == ["accounts.csv"]


# --- SQL -----------------------------------------------------------------------------------------


def test_failing_sql_is_placed() -> None:
    sql("accounts", ACCOUNTS.replace("sum(amount)", "sum(amuont)"))
    said = refused()
    assert said.startswith("""\
mini/accounts.sql:3:9: error[recipe-sql]: referenced column `amuont` not found in FROM clause
      sum(amuont) as revenue_ttm
          ^^^^^^
help: did you mean `amount`""")  # which other names are near is the database's to say


@pytest.mark.parametrize(("text", "place", "message", "cure"), [
    ("select client as account_id frm sales x y", ":1:", "syntax error", "docs/recipes.md"),
    ("select client as account_id from salse", ":1:34", "table with name salse does not exist", "did you mean `sales`?"),
    ("-- é€\nselect 'é' || client as account_id, nope from sales", ":2:37: ", "`nope`", "did you mean"),
    ("select client as account_id from sales where client > $as_of", ":1:", "VARCHAR",
     "a column is text unless `mini/recipe.yaml` gives it a `type`"),
    ("select client as account_id, cast(client as date) as customer_since from sales", ":1:30", "date", "a column is text"),
    ("select client as account_id, $today as customer_since from sales", ":1:30: ", "there is no parameter `$today`",
     "parameters here: `$as_of` and `$present`"),
    ("select 1; select 2", ": ", "the file holds 2 statements", "keep one SELECT a file"),
    ("-- nothing yet", ": ", "the file holds no SQL", "keep one SELECT a file"),
    ("create table x as select 1", ":1:1: ", "a recipe only asks: this is CREATE, not a SELECT", "keep one SELECT a file"),
    ("select client as account_id, current_date as customer_since from sales", ":1:30: ",
     "`current_date` gives another value in another run", "write `$as_of` for the day"),
    ("select client as account_id, random() as revenue_ttm from sales", ":1:30: ",
     "`random` gives another value in another run", "write `$as_of` for the day"),
])
def test_sql_that_is_refused(text: str, place: str, message: str, cure: str) -> None:
    sql("accounts", text)
    said = refused()
    assert said.startswith(f"mini/accounts.sql{place}")
    assert "error[recipe-sql]: " in said
    assert message in said
    assert cure in said.split("help: ")[1]


def test_words_that_change_are_refused_only_where_they_are_code() -> None:
    sql("accounts", "-- not now(), not current_date\nselect client as account_id, 'now()' as sector from sales")
    assert run()[0] == 0


@pytest.mark.parametrize("text", [
    "select * from read_csv('{file}')",
    "select * from '{file}'",
    "select content as account_id from read_text('{file}')",
    "select * from read_blob('{file}')",
    "select * from read_parquet('{file}')",
    "select * from read_json('{file}')",
    "select * from sniff_csv('{file}')",
    "select file as account_id from glob('{folder}/*')",
    "select * from query('from read_csv(''{file}'')')",
    "select * from read_csv('https://example.org/x.csv')",
    "copy (select 1) to '{folder}/stolen.csv'",
    "attach '{folder}/x.db'",
    "install httpfs",
    "set enable_external_access = true",
    "pragma database_list",
    "select getenv('HOME') as account_id",
    "export database '{folder}/x'",
])
def test_a_recipe_reaches_nothing_but_its_tables(text: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("account_id\nsecret\n")
    sql("accounts", text.format(file=secret, folder=tmp_path))
    said = refused()
    assert "error[" in said
    assert "\nsecret" not in said


def test_sql_sees_no_variable_of_python() -> None:
    for name in ("recipe", "parameters", "sql", "self"):
        sql("accounts", f"select * from {name}")
        assert f"table with name {name} does not exist" in refused()


# --- what the SQL gives --------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "said"), [
    ("select client as account_id, sum(amount) as revenue from sales group by client",
     "mini/accounts.sql:1:45: error[undeclared-column]: `revenue` is no declared fact\n"
     "  select client as account_id, sum(amount) as revenue from sales group by client\n"
     "                                              ^^^^^^^\nhelp: did you mean `revenue_ttm`?\n\n"),
    ("select client as account_id, client as revenue_ttm from sales",
     "mini/accounts.sql:1:40: error[wrong-type]: `revenue_ttm`: `A` is not an amount of money, in row 1 (A), and 1 more\n"
     "  select client as account_id, client as revenue_ttm from sales\n"
     "                                         ^^^^^^^^^^^\n"
     "help: give a finite number, or leave it out where it is not known\n\n"),
    ("select client as account_id, 2 * amount as gross_margin_pct from sales where amount = 5",
     "mini/accounts.sql:1:44: error[out-of-range]: `gross_margin_pct`: 1000% is out of range, in row 1 (A)\n"
     "  select client as account_id, 2 * amount as gross_margin_pct from sales where amount = 5\n"
     "                                             ^^^^^^^^^^^^^^^^\nhelp: it must be at most 100%\n\n"),
    ("select 'A' as account_id from sales",
     "mini/accounts.sql: row 2 (A): error[duplicate-account]: the account `A` stands twice; first in row 1 (A)\n"
     "help: keep one row an account; earlier states belong in the history table\n\n"),
    ("select client from sales",
     "mini/accounts.sql:1:8: error[undeclared-column]: `client` is no declared fact\n"
     "  select client from sales\n         ^^^^^^\n"
     "help: leave it out, or declare it in a ruleset that the recipe names as `facts`\n\n"),
    ("select 5 as revenue_ttm",
     "mini/accounts.sql: error[missing-account-id]: the table has no column `account_id`\n"
     "help: name it in the header; columns here: `revenue_ttm`\n\n"),
    ("select client as account_id, 1 as csat, 2 as csat from sales",
     "mini/accounts.sql:1:46: error[duplicate-column]: the SQL gives `csat` twice\n"
     "  select client as account_id, 1 as csat, 2 as csat from sales\n"
     "                                               ^^^^\nhelp: rename or remove one of the two\n\n"),
    ("select client as account_id from sales where amount > 100",
     "mini/accounts.sql: error[empty-file]: the SQL gives no accounts\n"
     "help: is `--as-of` before the first row of the exports?\n\n"),
    ("select client || chr(0) as account_id from sales where amount = 5", "a null byte: this is not plain text"),
    ("select client as account_id, [1, 2] as sector from sales", "error[wrong-type]: `sector`: a list stands where"),
])
def test_results_that_are_refused(text: str, said: str) -> None:
    sql("accounts", text)
    assert said in refused()


@pytest.mark.parametrize(("text", "said"), [
    ("select client as account_id, day as date, 'order_placed' as event, amount as sum from sales",
     "mini/events.sql:1:78: error[undeclared-column]: `sum` is no field of any declared event"),
    ("select client as account_id, day as date, 'order_placed' as event, 'x' as reason from sales",
     "mini/events.sql:1:75: error[undeclared-column]: the event `order_placed` has no field `reason`"),
    ("select client as account_id, day as date, 'order_palced' as event from sales",
     "no ruleset in use declares the event `order_palced`"),
    ("select client as account_id, 'order_placed' as event from sales", "the table has no column `date`"),
    ("select client as account_id, date '2026-11-22' as date, 'order_placed' as event from sales",
     "mini/events.sql:1:51: error[bad-event]: 2 events are after 2026-11-21, the latest on 2026-11-22"),
    ("select client as account_id, day as date, 'order_placed' as event, 'ten' as amount from sales",
     "`amount`: `ten` is not an amount of money, in row 1 (A), and 1 more"),
])
def test_events_that_are_refused(text: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sql("events", text)
    assert said in refused()


def test_all_problems_of_the_files_at_once() -> None:
    sql("accounts", "selct 1")
    sql("events", "select 1; select 2")
    sql("more", "drop table sales")
    said = refused()
    assert [line.split(":")[0] for line in said.splitlines() if "error[" in line] == \
        ["mini/events.sql", "mini/accounts.sql", "mini/more.sql"]
    assert said.endswith("3 errors\n")


def test_tables_that_need_each_other() -> None:
    sql("a", "select * from b")
    sql("b", "select * from sales join a on true")
    assert refused().startswith("mini/a.sql:1:1: error[recipe-cycle]: the tables `a` and `b` need each other\n")


def test_tables_are_made_in_the_order_they_need() -> None:
    """Whatever the order of their names, and though a step inside one bears its name."""
    sql("a", "with a as (select * from z) select * from a")
    sql("z", "select client, 2 * amount as amount from sales")
    sql("accounts", ACCOUNTS.replace("from sales", "from (select * from a)"))
    assert run()[0] == 0
    assert Path("out/accounts.csv").read_text() == "account_id,revenue_ttm\nA,10\nB,15\n"


# --- exports -------------------------------------------------------------------------------------


def test_missing_columns_are_all_told_with_their_meaning() -> None:
    table("sales", "client,Day,amout\nA,2026-01-02,5\n")
    recipe(RECIPE + "  goals:\n    title: the goals\n    columns: {goal: {meaning: the goal}}\n")
    table("goals", "gaol\n1\n")
    assert refused() == """\
data/goals.csv: error[missing-column]: the table has no column `goal` (the goal)
help: rename `gaol` to `goal`

data/sales.csv: error[missing-column]: the table has no column `amount` (what it brought)
help: rename `amout` to `amount`

2 errors
"""


def test_missing_tables_are_all_told() -> None:
    Path("data/sales.csv").rename("data/sale.csv")
    recipe(RECIPE + "  goals:\n    title: the goals\n    columns: {goal: {meaning: the goal}}\n")
    assert refused() == """\
data: error[missing-table]: there is no table `goals` (the goals)
help: export it as `goals.csv`; tables here: `sale.csv`

data: error[missing-table]: there is no table `sales` (one row a sale)
help: rename `sale.csv` to `sales.csv`

2 errors
"""


def test_cells_that_are_refused_are_placed() -> None:
    table("sales", "client,day,amount,open,pieces\nA,02/01/2026,5,yes,3\n\n,2026-02-30,\"1,000\",maybe,2.5\n")
    said = refused()
    assert [line for line in said.splitlines() if "error[" in line] == [
        "data/sales.csv:2:3: error[wrong-type]: `day`: `02/01/2026` is not a date",
        "data/sales.csv:4:1: error[missing-value]: `client` is blank (the client)",
        "data/sales.csv:4:2: error[wrong-type]: `day`: `2026-02-30` is not a date",
        "data/sales.csv:4:13: error[wrong-type]: `amount`: `1,000` is not a number",
        "data/sales.csv:4:21: error[wrong-type]: `open`: `maybe` is not true or false",
        "data/sales.csv:4:27: error[wrong-type]: `pieces`: `2.5` is not a whole number",
    ]
    assert said.endswith("6 errors\n")


@pytest.mark.parametrize(("text", "said"), [
    ("client,day,amount\nA,2026-01-02,\"5\nB,2026-01-03,5\n", "data/sales.csv:2:14: error[bad-table]: a quote is opened here"),
    ("client,day,amount\nA,2026-01-02\n", "data/sales.csv:2:3: error[ragged-row]"),
    ("client,client,day,amount\nA,A,2026-01-02,5\n", "error[duplicate-column]: the column `client` stands 2 times"),
    ("", "data/sales.csv:1:1: error[empty-file]"),
    ("client,day,amount\nA\0,2026-01-02,5\n", "data/sales.csv:2:2: error[bad-table]: a null byte"),
])
def test_exports_that_are_refused(text: str, said: str) -> None:
    table("sales", text)
    assert said in refused()


def test_an_export_that_is_not_utf8() -> None:
    Path("data/sales.csv").write_bytes("client,day,amount\nMüller,2026-01-02,5\n".encode("latin-1"))
    assert "data/sales.csv:2:2: error[wrong-encoding]" in refused()


def test_two_files_of_one_table() -> None:
    Path("data/Sales.tsv").write_text(SALES.replace(",", "\t"))
    assert refused() == "data: error[bad-table]: the folder holds `Sales.tsv` and `sales.csv`\nhelp: keep one of them\n\n"


def test_a_folder_that_is_none() -> None:
    assert refused(data="nowhere") == "nowhere: error[no-such-file]: there is no such folder\n" \
        "help: give the folder that holds the exports, one file a table\n\n"
    assert "data/sales.csv: error[no-such-file]: this is a file, not a folder" in refused(data="data/sales.csv")


# --- recipes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "expected"), [
    (RECIPE.replace("title: Sales", "titel: Sales"),
     ["mini/recipe.yaml:1:1: error[missing-key]: a recipe needs `title`",
      "mini/recipe.yaml:2:1: error[unknown-key]: a recipe has no key `titel`"]),
    (RECIPE.replace("recipe: mini", "recipe: maxi"),
     ["mini/recipe.yaml:1:9: error[misnamed-file]: the recipe `maxi` stands in the folder `mini`"]),
    (RECIPE.replace("dated: day", "dated: dya"),
     ["mini/recipe.yaml:6:12: error[unknown-name]: the table `sales` has no column `dya`"]),
    (RECIPE.replace("dated: day", "dated: client"),
     ["mini/recipe.yaml:6:12: error[type-mismatch]: `client` says since when a row is there, and is no required date"]),
    (RECIPE.replace("type: number", "type: money").replace("filled: true", "filled: yes"),
     ["mini/recipe.yaml:8:45: error[bad-value]: `yes` is neither true nor false",
      "mini/recipe.yaml:9:51: error[bad-value]: `yes` is neither true nor false",
      "mini/recipe.yaml:10:48: error[bad-type]: `money` is not a type of cells"]),
    (RECIPE.replace(", gives: [offering_count]", ""),
     ["mini/recipe.yaml:12:60: error[missing-key]: the column `pieces` may be absent, and does not say what is missing then"]),
    (RECIPE.replace("filled: true}", "filled: true, gives: [csat]}", 1),
     ["mini/recipe.yaml:8:51: error[unknown-key]: the column `client` is required: nothing is missing without it"]),
    (RECIPE.replace("[offering_count]", "[ofering_count]"),
     ["mini/recipe.yaml:12:7: error[unknown-name]: no fact and no event is called `ofering_count`"]),
    (RECIPE.replace("      amount:", "      Client: {meaning: again}\n      amount:"),
     ["mini/recipe.yaml:10:7: error[duplicate-key]: `Client` and `client` are one name in SQL"]),
    (RECIPE.replace("  sales:", "  sales of us:"),
     ["mini/recipe.yaml:4:3: error[bad-name]: `sales of us` is not the name of a table"]),
    (RECIPE.replace("{meaning: the client, filled: true}", ""),
     ["mini/recipe.yaml:8:7: error[missing-key]: the column `client` needs `meaning`"]),
    ("recipe: mini\ntitle: x\ntables: [a]\n",
     ["mini/recipe.yaml:3:9: error[wrong-shape]: a mapping of tables belongs here, not a list"]),
    (RECIPE.replace("tables:", "uses: order_line\ntables:"),
     ["mini/recipe.yaml:3:7: error[no-such-recipe]: there is no recipe `order_line` beside this one, and none is bundled"]),
    (RECIPE.replace("tables:", "uses: mini\ntables:"),
     ["mini/recipe.yaml:3:7: error[recipe-cycle]: recipes use each other in a circle: mini → mini"]),
    ("# nothing\n", ["mini/recipe.yaml:1:1: error[empty-file]: the file holds no recipe"]),
    ("recipe: [a\n", ["mini/recipe.yaml:2:1: error[yaml-syntax]: expected ',' or ']', but got '<stream end>'"]),
])
def test_faults_of_recipe_yaml(text: str, expected: list[str]) -> None:
    recipe(text)
    said = refused()
    assert [line for line in said.splitlines() if "error[" in line] == expected


def test_a_file_that_makes_a_table_that_is_read() -> None:
    sql("Sales", "select 1")
    assert "mini/recipe.yaml:4:3: error[name-clash]" in refused()


def test_a_table_named_like_a_file_of_the_used_recipe() -> None:
    recipe(RECIPE.replace("tables:", "uses: order_lines\ntables:").replace("  sales:", "  Lines:"))
    assert "mini/recipe.yaml:5:3: error[name-clash]: `Lines` is a table to be read, and `recipes/order_lines/lines.sql` " \
        "makes one of that name" in refused()


def test_a_recipe_without_accounts() -> None:
    Path("mini/accounts.sql").unlink()
    assert "mini/recipe.yaml: error[missing-key]: the recipe has no `accounts.sql`" in refused()


def test_recipes_that_are_not_there() -> None:
    assert refused(name="order_line") == """\
order_line: error[no-such-recipe]: there is no bundled recipe and no folder `order_line`
help: did you mean `order_lines`? `samrules facts --list` tells what each needs

"""
    assert "data: error[no-such-recipe]: the folder holds no `recipe.yaml`" in refused(name="data")


PREPARING = "recipe: prep\ntitle: x\nuses: order_lines\ntables: {t: {title: x, columns: {a: {meaning: x}}}}\n"
LINES = "select a as customer_id, a as order_id, date '2026-01-01' as order_date, 1 as quantity, 2 as unit_price from t"


@pytest.mark.parametrize(("text", "said"), [
    (LINES.replace("a as order_id, ", ""), "prep/order_lines.sql: error[missing-column]: the SQL gives no column `order_id`"),
    (LINES.replace("date '2026-01-01'", "'2026-01-01'"),
     "prep/order_lines.sql:1:57: error[wrong-type]: `order_date` is VARCHAR where a date is read"),
    (LINES.replace("a as order_id", "null as order_id"),
     "prep/order_lines.sql:1:34: error[missing-value]: `order_id` is blank in 2 rows (the order's number)"),
    (LINES.replace("2 as unit_price", "2 as unit_price, 3 as price"), "error[undeclared-column]: `price` is no column of"),
])
def test_tables_that_one_recipe_prepares_for_another(text: str, said: str) -> None:
    Path("prep").mkdir()
    Path("prep/recipe.yaml").write_text(PREPARING)
    Path("prep/order_lines.sql").write_text(text)
    table("t", "a\nx\ny\n")
    assert said in refused(name="prep")
    Path("prep/order_lines.sql").write_text(LINES)
    assert run(name="prep")[0] == 0


# --- options and places --------------------------------------------------------------------------


def test_a_date_that_is_none() -> None:
    assert refused(as_of="21/11/2026").startswith("--as-of: error[bad-date]: `21/11/2026` is not a date\n")


@pytest.mark.parametrize(("every", "said"), [
    ("soon", "--every: error[bad-value]: `soon` is not a length of time"),
    ("0 months", "--every: error[bad-value]: `0 months` is not a length of time"),
    ("900 years", "3 reviews, one every 900 years, begin before the calendar"),
])
def test_times_between_reviews(every: str, said: str) -> None:
    assert said in refused("--reviews", "3", "--every", every)


def test_places_that_are_not_written() -> None:
    Path("out").write_text("a file")
    assert "out: error[cannot-write]: cannot write the folder: it is a file" in refused()
    Path("out").unlink()
    found = CliRunner().invoke(cli, ["facts", "mini", "data", "--as-of", "2026-11-21", "--out", "data"])
    assert "cannot write the folder: it is the folder of the exports" in found.stderr
    found = CliRunner().invoke(cli, ["facts", "mini", "data", "--as-of", "2026-11-21", "--out", "no/where"])
    assert "the folder `no` does not exist" in found.stderr
    assert [p.name for p in Path("data").iterdir()] == ["sales.csv"]


def test_tables_of_an_earlier_run_are_replaced_as_a_set() -> None:
    sql("events", "select client as account_id, day as date, 'order_placed' as event from sales")
    assert run("--reviews", "1")[0] == 0
    assert sorted(p.name for p in Path("out").iterdir()) == ["accounts.csv", "events.csv", "history.csv"]
    Path("out/notes.txt").write_text("mine")
    assert refused() == "out: error[cannot-write]: cannot write the folder: it holds `accounts.csv`, `events.csv` and " \
        "`history.csv`\nhelp: give another folder, or `--force` to replace them\n\n"
    Path("mini/events.sql").unlink()
    assert run("--force")[0] == 0
    assert sorted(p.name for p in Path("out").iterdir()) == ["accounts.csv", "notes.txt"]


def test_a_set_that_cannot_be_replaced_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fails at each step in turn; the old files are there, byte for byte, and no others."""
    sql("events", "select client as account_id, day as date, 'order_placed' as event from sales")
    assert run()[0] == 0
    before = {p.name: p.read_bytes() for p in Path("out").iterdir()}
    table("sales", SALES.replace("7.5", "8"))
    rename = Path.rename
    for step in range(1, 5):
        calls = [0]

        def failing(self: Path, target: Path, calls: list[int] = calls, step: int = step) -> Path:
            calls[0] += 1
            if calls[0] == step:
                raise OSError(28, "No space left on device")
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", failing)
        assert "no space left on device" in refused_but_dates("--force")
        monkeypatch.setattr(Path, "rename", rename)
        assert {p.name: p.read_bytes() for p in Path("out").iterdir()} == before
    assert run("--force")[0] == 0
    assert {p.name: p.read_bytes() for p in Path("out").iterdir()} != before


def refused_but_dates(*more: str) -> str:
    before = sorted(Path().rglob("*"))
    code, said = run(*more)
    assert code == 2
    assert sorted(Path().rglob("*")) == before
    return said


def test_without_duckdb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert refused() == "recipes: error[needs-extra]: recipes need the package duckdb, which is not installed\n" \
        "help: pip install \"samrules[recipes]\"\n\n"


def test_duckdb_is_not_imported_before_it_is_needed() -> None:
    import subprocess

    code = "import sys, samrules, samrules.cli.facts, samrules.recipes.run; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0
    assert importlib.util.find_spec("duckdb")
