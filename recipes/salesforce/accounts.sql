-- One row an account. A year is the twelve months that end on the day asked about, that day included.
-- What the CRM does not know stays missing: a sum over opportunities of which one has no amount is not known.
with

closed as (
    select
        *,
        closed_on > $as_of - interval 12 months as this_year,
        closed_on > $as_of - interval 24 months and closed_on <= $as_of - interval 12 months as year_before,
        closed_on > $as_of - interval 6 months as two_quarters,
        closed_on > $as_of - interval 18 months and closed_on <= $as_of - interval 12 months as two_quarters_before
    from opportunities
    where state <> 'open'
),

-- where the record begins: what would lie before it is not known, and not zero
record as (select min(closed_on) as start from closed),

won as (
    select
        account_id,
        min(closed_on) as first_won,
        case when bool_and(amount is not null) filter (where this_year) is not false
            then coalesce(sum(amount) filter (where this_year), 0) end as revenue,
        case when bool_and(amount is not null) filter (where year_before) is not false
            then coalesce(sum(amount) filter (where year_before), 0) end as revenue_before,
        case when bool_and(amount is not null) filter (where two_quarters) is not false
            then coalesce(sum(amount) filter (where two_quarters), 0) end as half_year,
        case when bool_and(amount is not null) filter (where two_quarters_before) is not false
            then sum(amount) filter (where two_quarters_before) end as half_year_before,
        -- without a competition, by value; each win must say whether there was one
        case when bool_and(sole_source is not null and amount is not null) filter (where this_year)
            then sum(amount) filter (where this_year and sole_source) end as sole_source,
        case when bool_and(sole_source is not null and amount is not null) filter (where year_before)
            then sum(amount) filter (where year_before and sole_source) end as sole_source_before,
        bool_and(sole_source is not null) filter (where this_year) as sole_source_known,
        bool_and(sole_source is not null) filter (where year_before) as sole_source_known_before,
        case when bool_and(division is not null) filter (where this_year)
            then count(distinct division) filter (where this_year) end as divisions
    from closed
    where state = 'won'
    group by account_id
),

decided as (
    select
        account_id,
        count(*) filter (where state = 'won') / count(*) as win_rate,
        -- every loss must have its reason
        case when bool_and(reason is not null) filter (where state = 'lost')
            then count(*) filter (where reason = 'price' and state = 'lost')
                / count(*) filter (where state = 'lost') end as price_only
    from closed
    where this_year
    group by account_id
),

pipeline as (
    select account_id, count(*) as open
    from opportunities
    where state = 'open'
    group by account_id
),

by_division as (
    select account_id, division, case when count(amount) = count(*) then greatest(sum(amount), 0) end as revenue
    from closed
    where state = 'won' and this_year
    group by account_id, division
),

largest_division as (
    select account_id, max(revenue) / nullif(sum(revenue), 0) as share
    from by_division
    group by account_id
    having count(division) = count(*) and count(revenue) = count(*)
),

-- products: known where every win of the year has its lines
itemised as (
    select account_id
    from closed
    where state = 'won' and this_year
    group by account_id
    having bool_and(id in (select opportunity_id from items))
        and bool_and(id not in (select opportunity_id from items where amount is null))
),

by_offering as (
    select account_id, offering, greatest(sum(amount), 0) as revenue
    from items
    where closed_on > $as_of - interval 12 months and account_id in (select account_id from itemised)
    group by account_id, offering
),

offerings as (
    select account_id, count(*) as number, max(revenue) / nullif(sum(revenue), 0) as share
    from by_offering
    group by account_id
),

-- what was paid against what the list prices would have brought; every line must have both
discounts as (
    select
        account_id,
        1 - sum(amount) filter (where now) / nullif(
            case when bool_and(list_amount is not null and amount is not null) filter (where now)
                then sum(list_amount) filter (where now) end, 0) as now,
        1 - sum(amount) filter (where before) / nullif(
            case when bool_and(list_amount is not null and amount is not null) filter (where before)
                then sum(list_amount) filter (where before) end, 0) as before
    from (
        select
            *,
            closed_on > $as_of - interval 12 months as now,
            closed_on > $as_of - interval 24 months and closed_on <= $as_of - interval 12 months as before
        from items
    )
    group by account_id
),

-- people with a role in what is open or was closed within the year
roles as (
    select o.account_id, r.ContactId as contact_id, lower(r.Role) as role
    from OpportunityContactRole as r join opportunities as o on o.id = r.OpportunityId
    where o.state = 'open' or o.closed_on > $as_of - interval 12 months
),

-- known where a role was recorded at all
deciders as (
    select
        account_id,
        count(distinct contact_id) filter (
            where role in ('decision maker', 'economic decision maker', 'economic buyer')) as number
    from roles
    where role is not null
    group by account_id
),

people as (
    select
        AccountId as account_id,
        count(*) filter (where Champion__c) as champions,
        count(*) filter (where Supporter__c) as supporters,
        count(*) filter (where Personal_Relationship__c) as friends
    from Contact
    group by AccountId
),

escalated as (
    select AccountId as account_id, count(*) as open
    from "Case"
    where IsEscalated and (ClosedDate is null or ClosedDate > $as_of)
    group by AccountId
),

brought as (
    select
        Account.Id as account_id,
        -- an account that never bought brought nothing; before the record begins, nothing is known
        case when (select start from record) <= $as_of - interval 12 months
            then case when won.account_id is null then 0 else won.revenue end end as revenue,
        case when (select start from record) <= $as_of - interval 24 months
            then case when won.account_id is null then 0 else won.revenue_before end end as revenue_before
    from Account left join won on won.account_id = Account.Id
)

select
    a.Id as account_id,
    a.Name as account_name,
    -- fields of which the CRM keeps no past are not given at earlier reviews
    case when $present then a.Industry end as sector,
    case when $present then a.AnnualRevenue end as customer_company_revenue,
    case when $present then a.NumberOfEmployees end as customer_employees,
    won.first_won as customer_since,
    round(brought.revenue, 2) as revenue_ttm,
    round(brought.revenue_before, 2) as revenue_prior_ttm,
    -- the place from below among the accounts of the export whose revenue is known; equal ones share the lowest place
    case when brought.revenue is not null then round(
        rank() over (order by brought.revenue nulls last) / count(brought.revenue) over (), 6) end as revenue_rank_pct,
    -- against the same two quarters a year before, where these brought anything
    case when won.half_year >= 0 and (select start from record) <= $as_of - interval 18 months
        then round(won.half_year / nullif(greatest(won.half_year_before, 0), 0) - 1, 6) end
        as revenue_change_two_quarters,
    round(discounts.now, 6) as avg_discount_pct,
    round(discounts.now - discounts.before, 6) as discount_trend,
    round(decided.win_rate, 6) as win_rate_ttm,
    coalesce(pipeline.open, 0) as open_opportunities,
    round(decided.price_only, 6) as price_only_loss_share,
    case when won.sole_source_known
        then round(coalesce(won.sole_source, 0) / nullif(greatest(won.revenue, 0), 0), 6) end as sole_source_share,
    case when won.sole_source_known_before
        then round(coalesce(won.sole_source_before, 0) / nullif(greatest(won.revenue_before, 0), 0), 6) end
        as sole_source_share_prior,
    won.divisions as buying_center_count,
    round(largest_division.share, 6) as top_division_share,
    offerings.number as offering_count,
    round(offerings.share, 6) as top_offering_share,
    deciders.number as decision_maker_count,
    case when $present then coalesce(people.champions, 0) end as champion_count,
    case when $present then coalesce(people.supporters, 0) end as supporter_count,
    case when $present then coalesce(people.friends, 0) end as personal_relationship_count,
    case when $present then coalesce(escalated.open, 0) end as open_escalations
from Account as a
left join brought on brought.account_id = a.Id
left join won on won.account_id = a.Id
left join decided on decided.account_id = a.Id
left join pipeline on pipeline.account_id = a.Id
left join largest_division on largest_division.account_id = a.Id
left join offerings on offerings.account_id = a.Id
left join discounts on discounts.account_id = a.Id
left join deciders on deciders.account_id = a.Id
left join people on people.account_id = a.Id
left join escalated on escalated.account_id = a.Id
