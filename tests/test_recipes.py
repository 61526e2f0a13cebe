"""Recipes: what the bundled ones give, and the laws that every run keeps."""

from __future__ import annotations

import csv
import io
import math
import random
import re
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import samrules
from samrules.cli.main import cli
from samrules.engines.measures import Record
from samrules.inputs.accounts import check_tables
from samrules.inputs.tables import read_tables
from samrules.recipes.database import duckdb
from samrules.recipes.library import bundled_names, load_recipe
from samrules.recipes.results import checked
from samrules.recipes.run import make

ROOT = Path(__file__).resolve().parent.parent
EXPORT = ROOT / "examples" / "salesforce_export"
DECLARED = samrules.load("account_facts")
AS_OF = date(2026, 10, 31)

Rows = list[dict[str, str]]


def written(recipe: str | Path, exports: Path, as_of: date, reviews: list[date] | None = None) -> dict[str, bytes]:
    """The files that a recipe would write."""
    found = load_recipe(recipe)
    return dict(checked(found, make(found, exports, as_of, reviews or []), DECLARED.facts, DECLARED.events, as_of).files)


def rows(data: bytes) -> Rows:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def by_account(data: bytes) -> dict[str, dict[str, str]]:
    return {row["account_id"]: row for row in rows(data)}


def save(folder: Path, name: str, lines: list[dict[str, Any]], columns: list[str]) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as sink:
        writer = csv.DictWriter(sink, columns)
        writer.writeheader()
        writer.writerows(lines)


# --- order_lines ---------------------------------------------------------------------------------

COLUMNS = ["customer_id", "customer_name", "order_id", "order_date", "product", "product_family", "quantity",
           "unit_price", "list_price", "discount_pct", "unit_cost"]


@st.composite
def order_lines(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Lines of a few customers and orders, before and after the day asked about."""
    found = []
    for order in range(draw(st.integers(1, 12))):
        customer = draw(st.integers(0, 3))
        day = AS_OF - timedelta(days=draw(st.one_of(st.integers(-200, 900), st.sampled_from([0, 365, 364, 366, 730]))))
        for _ in range(draw(st.integers(1, 3))):
            price = draw(st.integers(1, 99999))
            found.append({
                "customer_id": f"C{customer}", "customer_name": f"Customer {customer}", "order_id": f"O{order}",
                "order_date": day.isoformat(), "product": "", "product_family": draw(st.sampled_from("PQR")),
                "quantity": draw(st.integers(1, 20)), "unit_price": f"{price / 100:.2f}",
                "list_price": f"{(price + draw(st.integers(0, 5000))) / 100:.2f}", "discount_pct": "",
                "unit_cost": draw(st.one_of(st.just(""), st.integers(0, price).map(lambda c: f"{c / 100:.2f}")))})
    return found


def year_before(day: date, years: int = 1) -> date:
    return day.replace(year=day.year - years)


def plain_facts(lines: list[dict[str, Any]], day: date) -> dict[str, dict[str, Any]]:
    """The facts of the dictionary, worked out again without SQL."""
    seen = [line for line in lines if date.fromisoformat(line["order_date"]) <= day]

    def money(line: Mapping[str, Any], column: str) -> Decimal:
        return int(line["quantity"]) * Decimal(line[column])

    found: dict[str, dict[str, Any]] = {}
    for customer in {line["customer_id"] for line in seen}:
        own = [line for line in seen if line["customer_id"] == customer]
        year = [x for x in own if date.fromisoformat(x["order_date"]) > year_before(day)]
        past = [x for x in own if year_before(day, 2) < date.fromisoformat(x["order_date"]) <= year_before(day)]
        revenue, before = (sum((money(x, "unit_price") for x in part), Decimal()) for part in (year, past))
        families = {f: sum((money(x, "unit_price") for x in year if x["product_family"] == f), Decimal()) for f in "PQR"}
        costed = year and all(x["unit_cost"] for x in year)
        rates = [1 - sum((money(x, "unit_price") for x in part), Decimal()) / sum((money(x, "list_price") for x in part),
                                                                             Decimal()) for part in (year, past) if part]
        found[customer] = {
            "customer_since": min(x["order_date"] for x in own),
            "revenue_ttm": revenue,
            "revenue_prior_ttm": before,
            "gross_margin_pct": 1 - sum((money(x, "unit_cost") for x in year), Decimal()) / revenue if costed else None,
            "avg_discount_pct": rates[0] if year else None,
            "discount_trend": rates[0] - rates[1] if year and past else None,
            "offering_count": len({x["product_family"] for x in year}),
            "top_offering_share": max(families.values()) / revenue if year else None,
            "order_count": len({x["order_id"] for x in year}),
        }
    for facts in found.values():
        below = sum(other["revenue_ttm"] < facts["revenue_ttm"] for other in found.values())
        facts["revenue_rank_pct"] = (below + 1) / len(found)
    return found


COUNTING = """
ruleset: counting
version: 1.0.0
uses: [account_facts]
rules: {r: {when: order_count >= 0, then: {d: x}}}
decide: {d: {outcomes: [x, y], otherwise: y}}
"""


def orders_agree_with_events(files: dict[str, bytes], folder: Path) -> None:
    """What `decide` counts from the events is what the accounts and every review say; else it would refuse."""
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    rules = samrules.loads(COUNTING)
    tables = check_tables(read_tables(folder), rules.facts, rules.events, AS_OF)
    assert not tables.warnings
    for account in tables.accounts:
        for at, facts in (*account.history, (AS_OF, account.facts)):
            decided = rules.decide_checked(facts, at, (), Record(account.events, tables.recorded))
            assert decided.outcome == "x"


@settings(max_examples=25)
@given(order_lines(), st.randoms(use_true_random=False))
def test_laws_of_order_lines(lines: list[dict[str, Any]], shuffle: random.Random) -> None:
    """The facts are those worked out by hand; neither later rows nor the order of rows change a byte;
    a review says what the accounts of its own day said."""
    review = year_before(AS_OF)
    expected = plain_facts(lines, AS_OF)
    now = [x for x in lines if date.fromisoformat(x["order_date"]) <= AS_OF]
    if not now:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save(folder, "order_lines", lines, COLUMNS)
        files = written("order_lines", folder, AS_OF, [review])
        found = by_account(files["accounts.csv"])
        assert set(found) == set(expected)
        for account, facts in expected.items():
            for fact, value in facts.items():
                shown = found[account][fact]
                if value is None or isinstance(value, str):
                    assert shown == (value or ""), (account, fact)
                else:
                    assert math.isclose(float(shown), float(value), abs_tol=5.1e-3 if "revenue_" in fact and
                                        "rank" not in fact else 5.1e-7), (account, fact)
        orders_agree_with_events(files, folder / "facts")
        save(folder, "order_lines", shuffle.sample(now, len(now)), COLUMNS)
        assert written("order_lines", folder, AS_OF, [review]) == files
        past = [x for x in now if date.fromisoformat(x["order_date"]) <= review]
        assert ("history.csv" in files) == bool(past)
        if past:
            then = by_account(written("order_lines", folder, review)["accounts.csv"])
            told = by_account(files["history.csv"])
            assert {a: {**row, "account_name": ""} for a, row in then.items()} == \
                {a: {k: v for k, v in {**row, "account_name": ""}.items() if k != "review_date"} for a, row in told.items()}
            assert {row["review_date"] for row in told.values()} == {review.isoformat()}


def test_what_the_lines_do_not_tell_stays_missing(tmp_path: Path) -> None:
    """A column that is absent is told; a cell that is blank makes its fact unknown, not smaller."""
    (tmp_path / "data").mkdir()
    base = {"customer_id": "A", "order_id": "1", "order_date": "2026-01-05", "quantity": 2, "unit_price": 50}
    needed = ["customer_id", "order_id", "order_date", "quantity", "unit_price"]
    save(tmp_path / "data", "order_lines", [base], needed)
    arguments = ["facts", "order_lines", str(tmp_path / "data"), "--as-of", str(AS_OF), "--out", str(tmp_path / "out")]
    found = CliRunner().invoke(cli, arguments)
    assert found.exit_code == 0
    notes = [line for line in found.stderr.splitlines() if "note[" in line]
    assert notes == [
        "order_lines: note[stays-missing]: `order_lines` has no column `customer_name`: `account_name` stays missing",
        "order_lines: note[stays-missing]: `order_lines` has no column `product`: `offering_count` and "
        "`top_offering_share` stay missing",
        "order_lines: note[stays-missing]: `order_lines` has no column `product_family`: `offering_count`, "
        "`top_offering_share` and `offering_first_bought` stay missing",
        "order_lines: note[stays-missing]: `order_lines` has no column `list_price`: `avg_discount_pct` and "
        "`discount_trend` stay missing",
        "order_lines: note[stays-missing]: `order_lines` has no column `discount_pct`: `avg_discount_pct` and "
        "`discount_trend` stay missing",
        "order_lines: note[stays-missing]: `order_lines` has no column `unit_cost`: `gross_margin_pct` stays missing",
    ]
    row = rows((tmp_path / "out" / "accounts.csv").read_bytes())[0]
    assert {k for k, v in row.items() if v} == {"account_id", "customer_since", "revenue_ttm", "revenue_prior_ttm",
                                                "revenue_rank_pct", "order_count"}
    more = {"order_id": "2", "unit_cost": "", "discount_pct": "0.2", "product": "x"}
    save(tmp_path / "data", "order_lines", [{**base, "unit_cost": "20", "discount_pct": "0", "product": ""}, {**base, **more}],
         [*needed, "unit_cost", "discount_pct", "product"])
    (row,) = rows(written("order_lines", tmp_path / "data", AS_OF)["accounts.csv"])
    assert (row["gross_margin_pct"], row["offering_count"]) == ("", "")  # one line has no cost, one no product
    assert row["avg_discount_pct"] == "0.111111"  # 200 paid where the list prices make 100 + 125


def test_orders_are_placed_and_offerings_first_bought(tmp_path: Path) -> None:
    base = {"customer_id": "A", "unit_price": 50, "quantity": 1, "list_price": 50}
    save(tmp_path, "order_lines", [
        {**base, "order_id": "1", "order_date": "2025-01-05", "product_family": "P"},
        {**base, "order_id": "1", "order_date": "2025-01-06", "product_family": "Q", "list_price": 100},
        {**base, "order_id": "2", "order_date": "2026-10-31", "product_family": "P"},
        {**base, "order_id": "3", "order_date": "2026-11-01", "product_family": "R"}], COLUMNS)
    assert written("order_lines", tmp_path, AS_OF)["events.csv"].decode() == """\
account_id,date,event,amount,discount_pct,offerings,reference,family
A,2025-01-05,offering_first_bought,,,,,P
A,2025-01-05,offering_first_bought,,,,,Q
A,2025-01-05,order_placed,100,0.333333,2,1,
A,2026-10-31,order_placed,50,0,1,2,
"""


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12))
def test_names_come_through_as_they_are(name: str) -> None:
    """What `decide` reads of the result is what the export holds, blanks around it aside."""
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder), "order_lines", [{"customer_id": "A", "customer_name": name, "order_id": 1, "quantity": 1,
                                            "order_date": "2026-01-05", "unit_price": 5}], COLUMNS)
        for file, data in written("order_lines", Path(folder), AS_OF).items():
            (Path(folder) / file).write_bytes(data)
        (Path(folder) / "order_lines.csv").unlink()
        (account,) = check_tables(read_tables(folder), DECLARED.facts, DECLARED.events, AS_OF).accounts
        assert account.facts.get("account_name", "") == name.strip()


def test_parquet_gives_the_same(tmp_path: Path) -> None:
    import polars as pl

    data = tmp_path / "data"
    shutil.copytree(EXPORT, data)
    expected = written("salesforce", data, AS_OF)
    for path in data.glob("*.csv"):
        pl.read_csv(path, try_parse_dates=True).write_parquet(path.with_suffix(".parquet"))
        path.unlink()
    assert written("salesforce", data, AS_OF) == expected
    (data / "Case.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(samrules.FactError, match="the Parquet file cannot be read"):
        written("salesforce", data, AS_OF)


# --- salesforce ----------------------------------------------------------------------------------

LARKSPUR, QUILLON, OSTRAVA, FENWICK, BRIGHTWATER, TAMAR = (f"00100000000000{n}AAA" for n in range(1, 7))
"""The six accounts of the example."""


def test_salesforce_example() -> None:
    """Each fact as one reads it off the export."""
    files = written("salesforce", EXPORT, AS_OF, [date(2026, 7, 31)])
    found = by_account(files["accounts.csv"])

    def facts(account: str, *names: str) -> list[str]:
        return [found[account][name] for name in names]

    assert list(found) == [LARKSPUR, QUILLON, OSTRAVA, FENWICK, BRIGHTWATER, TAMAR]
    assert facts(LARKSPUR, "account_name", "sector", "customer_employees", "customer_since") == \
        ["Larkspur Mills", "Manufacturing", "3100", "2022-02-18"]
    # wins of 18 December, 18 April and 18 September; the year before, of 18 December, 18 March and 18 August
    assert facts(LARKSPUR, "revenue_ttm", "revenue_prior_ttm", "revenue_rank_pct") == ["256056", "212544", "1"]
    assert float(found[LARKSPUR]["revenue_change_two_quarters"]) == pytest.approx(86668 / 82720 - 1, abs=1e-6)
    assert facts(LARKSPUR, "open_opportunities", "win_rate_ttm", "sole_source_share") == ["1", "1", "1"]
    assert facts(LARKSPUR, "champion_count", "personal_relationship_count", "decision_maker_count") == ["2", "3", "2"]
    assert facts(QUILLON, "win_rate_ttm", "price_only_loss_share", "sole_source_share") == ["0.2", "0.75", "0"]
    assert facts(QUILLON, "avg_discount_pct", "offering_count", "top_offering_share") == ["0.22", "1", "1"]
    assert facts(OSTRAVA, "buying_center_count", "top_division_share") == ["2", "0.7"]
    assert facts(FENWICK, "revenue_ttm", "win_rate_ttm", "offering_count", "decision_maker_count", "customer_since") == \
        ["0", "", "", "", ""]  # a prospect: it brought nothing, and the rest is not known
    assert facts(BRIGHTWATER, "open_escalations", "price_only_loss_share") == ["2", "0"]
    assert facts(TAMAR, "customer_company_revenue", "revenue_ttm", "revenue_rank_pct") == ["", "0", "0.166667"]
    review = by_account(files["history.csv"])[LARKSPUR]
    assert review["open_opportunities"] == "1"  # September's win was open in July; that of August was not yet there
    kept = ("sector", "customer_company_revenue", "customer_employees", "champion_count", "open_escalations")
    assert [review[name] for name in kept] == [""] * 5  # a CRM keeps no past of these


def test_salesforce_events() -> None:
    events = rows(written("salesforce", EXPORT, AS_OF)["events.csv"])
    met = [(e["account_id"], e["date"], e["new"]) for e in events if e["event"] == "executive_met"]
    assert met == [(LARKSPUR, "2026-03-11", "true"), (LARKSPUR, "2026-06-17", "true"),
                   (LARKSPUR, "2026-09-09", "false"), (OSTRAVA, "2026-09-22", "true")]
    assert not [e for e in events if e["date"] > "2026-10-31"]  # one meeting is planned for November
    assert [e["date"] for e in events if e["event"] == "escalation"] == ["2025-12-01", "2026-09-14", "2026-10-02"]
    assert sorted(e["reason"] for e in events if e["event"] == "opportunity_lost") == \
        ["price", "price", "price", "product", "timing"]
    assert {e["channel"] for e in events if e["event"] == "contact_made"} == {"call", "email", "meeting"}
    first = [(e["date"], e["family"]) for e in events if e["event"] == "offering_first_bought" and e["account_id"] == LARKSPUR]
    assert first == [("2022-02-18", "Controls"), ("2022-02-18", "Pumps"), ("2025-03-18", "Service")]


def test_later_rows_of_salesforce_change_nothing(tmp_path: Path) -> None:
    """Of the past, the export of today says what an export of then would have said, as far as it is dated."""
    then = date(2025, 10, 31)
    data = tmp_path / "data"
    shutil.copytree(EXPORT, data)
    before = written("salesforce", data, then)
    for path in data.glob("*.csv"):
        table = rows(path.read_bytes())
        kept = [r for r in table if r["CreatedDate"][:10] <= then.isoformat()]
        assert len(kept) < len(table) or path.stem in ("Contract", "Contact")
        save(data, path.stem, kept, list(table[0]))
    assert written("salesforce", data, then) == before


def test_salesforce_without_its_optional_tables(tmp_path: Path) -> None:
    """No table of cases is not the same as no cases."""
    for name in ("Account", "Opportunity"):
        shutil.copy(EXPORT / f"{name}.csv", tmp_path)
    found = by_account(written("salesforce", tmp_path, AS_OF)["accounts.csv"])[BRIGHTWATER]
    assert found["revenue_ttm"] == "51300"
    assert {found[name] for name in ("open_escalations", "champion_count", "decision_maker_count", "offering_count",
                                     "personal_relationship_count", "buying_center_count")} == {""}
    shutil.copy(EXPORT / "Case.csv", tmp_path)
    save(tmp_path, "Case", [], ["Id", "AccountId", "CreatedDate", "ClosedDate", "IsEscalated"])
    found = by_account(written("salesforce", tmp_path, AS_OF)["accounts.csv"])[BRIGHTWATER]
    assert found["open_escalations"] == "0"


def test_headers_in_capital_letters(tmp_path: Path) -> None:
    """Data Loader writes them so."""
    for path in EXPORT.glob("*.csv"):
        header, _, rest = path.read_text("utf-8").partition("\n")
        (tmp_path / path.name).write_text(header.upper() + "\n" + rest, "utf-8")
    assert written("salesforce", tmp_path, AS_OF) == written("salesforce", EXPORT, AS_OF)


# --- the documentation ---------------------------------------------------------------------------


def test_the_recipe_on_the_page_works(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    (yaml,), (accounts, events) = (re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("yaml", "sql"))
    (tmp_path / "visits").mkdir()
    (tmp_path / "exports").mkdir()
    for name, text in (("recipe.yaml", yaml), ("accounts.sql", accounts), ("events.sql", events)):
        (tmp_path / "visits" / name).write_text(text, "utf-8")
    (tmp_path / "exports" / "clients.csv").write_text("number,name\n7,Seven\n8,Eight\n9,Nine\n")
    (tmp_path / "exports" / "visits.csv").write_text(
        "number,day,fee,rating\n7,2026-01-05,100,8\n7,2026-03-05,50.5,9\n8,2020-01-05,70,\n9,2026-12-01,10,1\n")
    files = written(tmp_path / "visits", tmp_path / "exports", date(2026, 11, 21))
    assert files["accounts.csv"].decode() == "account_id,account_name,customer_since,revenue_ttm,csat\n" \
        "7,Seven,2026-01-05,150.5,8.5\n8,Eight,2020-01-05,0,\n"
    assert files["events.csv"].decode().count("order_placed") == 3


# --- the command ---------------------------------------------------------------------------------


def test_the_command_and_then_decide(tmp_path: Path) -> None:
    out = tmp_path / "facts"
    arguments = ["facts", "salesforce", str(EXPORT), "--as-of", str(AS_OF), "--out", str(out), "--reviews", "4"]
    found = CliRunner().invoke(cli, arguments)
    assert (found.exit_code, found.stdout) == (0, "")
    assert found.stderr == (
        "salesforce: note[stays-missing]: `Contact` has no column `Supporter__c`: `supporter_count` stays missing\n"
        "help: add it (a supporter of ours), or do without\n\n"
        f"6 rows in accounts.csv, 131 rows in events.csv, 23 rows in history.csv: {out}\n")
    for ruleset in ("designation", "dedesignation", "health", "strategic_score"):
        decided = CliRunner().invoke(cli, ["decide", ruleset, str(out), "--as-of", str(AS_OF), "--format", "json"])
        assert decided.exit_code == 0, decided.stderr
        assert decided.stderr == ""  # nothing undeclared, nothing unmatched


def test_the_same_bytes_twice(tmp_path: Path) -> None:
    for out in ("a", "b"):
        arguments = ["facts", "salesforce", str(EXPORT), "--as-of", str(AS_OF), "--out", str(tmp_path / out), "--reviews", "3"]
        assert CliRunner().invoke(cli, arguments).exit_code == 0
    for name in ("accounts.csv", "events.csv", "history.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_list_names_every_bundled_recipe() -> None:
    found = CliRunner().invoke(cli, ["facts", "--list"])
    assert found.exit_code == 0
    assert bundled_names() == ["order_lines", "salesforce"]
    assert "order_lines  Orders, one row a line\n  order_lines: one row a line of an order\n" in found.stdout
    assert "  Case (optional): one row a case\n    Id, AccountId, CreatedDate, ClosedDate, IsEscalated\n" in found.stdout
    assert "[unit_cost]" in found.stdout


def test_undated_rows_are_counted(tmp_path: Path) -> None:
    recipe, data = tmp_path / "r", tmp_path / "data"
    recipe.mkdir()
    data.mkdir()
    (recipe / "recipe.yaml").write_text("recipe: r\ntitle: x\ntables:\n  t:\n    title: x\n    dated: day\n    columns:\n"
                                        "      a: {meaning: x}\n      day: {meaning: x, type: date}\n")
    (recipe / "accounts.sql").write_text("select a as account_id from t")
    (data / "t.csv").write_text("a,day\nA,2026-01-01\nB,\nC,2026-01-02T10:00:00.000Z\n")
    found = CliRunner().invoke(cli, ["facts", str(recipe), str(data), "--as-of", "2026-01-02", "--out", str(tmp_path / "o")])
    assert found.stderr.startswith(f"{data / 't.csv'}: note[undated-rows]: 1 row without `day` not seen\n")
    assert (tmp_path / "o" / "accounts.csv").read_text() == "account_id\nA\nC\n"


def test_a_ruleset_of_its_own_declares_the_facts(tmp_path: Path) -> None:
    recipe, data = tmp_path / "r", tmp_path / "data"
    recipe.mkdir()
    data.mkdir()
    (recipe / "ours.yaml").write_text("ruleset: ours\nversion: 1.0.0\nfacts: {swimming_pools: {type: integer}}\n")
    (recipe / "recipe.yaml").write_text("recipe: r\ntitle: x\nfacts: ours.yaml\ntables:\n  t:\n    title: x\n    columns:\n"
                                        "      a: {meaning: x}\n      n: {meaning: x, type: integer}\n")
    (recipe / "accounts.sql").write_text("select a as account_id, n as swimming_pools from t")
    (data / "t.csv").write_text("a,n\nA,3\n")
    found = CliRunner().invoke(cli, ["facts", str(recipe), str(data), "--as-of", "2026-01-02", "--out", str(tmp_path / "o")])
    assert found.exit_code == 0, found.stderr
    assert (tmp_path / "o" / "accounts.csv").read_text() == "account_id,swimming_pools\nA,3\n"


# --- real shapes ---------------------------------------------------------------------------------

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
REAL = {"classicmodels": ("classicmodels", date(2005, 5, 31)), "northwind": ("northwind", date(1998, 5, 6)),
        "maven": ("maven_crm", date(2017, 12, 31))}
QUARTERS = {"classicmodels": [date(2005, 2, 28), date(2004, 11, 30), date(2004, 8, 31), date(2004, 5, 31)],
            "northwind": [date(1998, 2, 6), date(1997, 11, 6), date(1997, 8, 6), date(1997, 5, 6)], "maven": []}
CENT, MILLIONTH = 0.0101, 1.1e-6
"""Amounts were rounded to cents and shares to six places, from doubles; the recipes round exact decimals."""


def same(column: str, expected: str, found: str) -> bool:
    try:
        a, b = float(expected), float(found)
    except ValueError:
        return expected == found
    money = column in ("revenue_ttm", "revenue_prior_ttm", "amount", "customer_company_revenue")
    return abs(a - b) <= (CENT if money else MILLIONTH)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data sets are not beside this checkout")
@pytest.mark.parametrize("name", REAL)
def test_real_tables_give_the_facts_worked_out_before(name: str, tmp_path: Path) -> None:
    """Same rows, same columns; texts alike, numbers to a cent or a millionth. And decisions rest on them."""
    folder, day = REAL[name]
    out = tmp_path / "facts"
    arguments = ["facts", str(ROOT / "examples" / "recipes" / name), str(SHARED / folder), "--as-of", str(day),
                 "--out", str(out), "--reviews", str(len(QUARTERS[name]))]
    found = CliRunner().invoke(cli, arguments)
    assert found.exit_code == 0, found.stderr
    keys = {"accounts": ("account_id",), "events": ("account_id", "event", "reference"),
            "history": ("account_id", "review_date")}
    expected_files = sorted((SHARED / "facts" / name).glob("*.csv"))
    assert [p.name for p in expected_files] == sorted(p.name for p in out.iterdir())
    for path in expected_files:
        expected, made = rows(path.read_bytes()), rows((out / path.name).read_bytes())
        assert list(expected[0]) == list(made[0])
        index = {tuple(r[k] for k in keys[path.stem]): r for r in made}
        assert len(index) == len(made) == len(expected)
        wrong = [(key, c, row[c], index[key][c]) for row in expected
                 if (key := tuple(row[k] for k in keys[path.stem])) for c in row if not same(c, row[c], index[key][c])]
        assert wrong == []
    if QUARTERS[name]:
        days = {r["review_date"] for r in rows((out / "history.csv").read_bytes())}
        assert days == {d.isoformat() for d in QUARTERS[name]}
    for ruleset in ("designation", "dedesignation", "strategic_score"):
        decided = CliRunner().invoke(cli, ["decide", ruleset, str(out), "--as-of", str(day), "--format", "json"])
        assert decided.exit_code == 0, decided.stderr
        assert decided.stderr == ""


def test_the_version_of_the_database_is_one_we_ask_for() -> None:
    assert tuple(map(int, duckdb().__version__.split(".")[:2])) >= (1, 1)
