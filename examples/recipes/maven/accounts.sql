-- One row an account. A year is the twelve months that end on the day asked about, that day included.
with

year as (
    select * from opportunities
    where closed_on > $as_of - interval 12 months
),

this_year as (
    select
        account,
        sum(amount) filter (where state = 'Won') as revenue,
        count(*) filter (where state = 'Won') / count(*) as win_rate,
        count(distinct offering) filter (where state = 'Won') as offerings
    from year
    group by account
),

so_far as (
    select
        account,
        min(closed_on) filter (where state = 'Won') as first_won,
        count(*) filter (where state = 'open') as open
    from opportunities
    group by account
)

select
    customers.account as account_id,
    customers.account as account_name,
    -- the export gives millions
    customers.revenue * 1000000 as customer_company_revenue,
    customers.employees as customer_employees,
    -- as the data set spells it, `technolgy` too
    customers.sector,
    round(coalesce(this_year.revenue, 0), 2) as revenue_ttm,
    -- the place from below among all accounts, as a share; accounts of equal revenue share the lowest of their places
    round(rank() over (order by coalesce(this_year.revenue, 0)) / count(*) over (), 6) as revenue_rank_pct,
    -- won among won and lost; not known where nothing was decided
    round(this_year.win_rate, 6) as win_rate_ttm,
    coalesce(so_far.open, 0) as open_opportunities,
    coalesce(this_year.offerings, 0) as offering_count,
    so_far.first_won as customer_since
from customers
left join this_year using (account)
left join so_far using (account)
