-- The opportunities of accounts, with dates as dates and products as the product list spells them. Those that
-- nobody has linked to an account say nothing of any account.
with

dated as (
    select
        *,
        strptime(engage_date, '%m/%d/%Y')::date as opened_on,
        strptime(close_date, '%m/%d/%Y')::date as closed_on
    from sales_pipeline
    where account is not null
)

select
    opportunity_id,
    account,
    case product when 'GTXPro' then 'GTX Pro' else product end as offering,
    opened_on,
    -- what was won or lost after the day asked about was open on it
    case when closed_on <= $as_of then deal_stage else 'open' end as state,
    case when closed_on <= $as_of then closed_on end as closed_on,
    case when closed_on <= $as_of then close_value end as amount
from dated
-- a prospect that is not engaged yet has no date, and counts as open
where opened_on is null or opened_on <= $as_of
