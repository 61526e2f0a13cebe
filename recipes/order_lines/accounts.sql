-- One row a customer that has ordered. A year is the twelve months that end on the day asked about, that day included.
with

year as (
    select * from lines
    where order_day > $as_of - interval 12 months
),

year_before as (
    select * from lines
    where order_day > $as_of - interval 24 months and order_day <= $as_of - interval 12 months
),

customers as (
    select
        customer_id,
        last(customer_name order by order_day, order_id, customer_name)
            filter (where customer_name is not null) as customer_name,
        min(order_day) as first_order
    from lines
    group by customer_id
),

this_year as (
    select
        customer_id,
        sum(amount) as revenue,
        count(distinct order_id) as orders,
        -- one line whose cost is not known makes the margin unknown; so with list prices and offerings
        case when count(cost) = count(*) then sum(cost) end as cost,
        case when count(list_amount) = count(*) then sum(list_amount) end as list_revenue,
        case when count(offering) = count(*) then count(distinct offering) end as offerings
    from year
    group by customer_id
),

last_year as (
    select
        customer_id,
        sum(amount) as revenue,
        case when count(list_amount) = count(*) then sum(list_amount) end as list_revenue
    from year_before
    group by customer_id
),

by_offering as (
    select customer_id, offering, greatest(sum(amount), 0) as revenue
    from year
    group by customer_id, offering
),

largest_offering as (
    select customer_id, max(revenue) / nullif(sum(revenue), 0) as share
    from by_offering
    group by customer_id
    having count(offering) = count(*)
),

discounts as (
    select
        customer_id,
        -- the discount of a year: what was paid against what the list prices would have brought
        1 - this_year.revenue / nullif(this_year.list_revenue, 0) as now,
        1 - last_year.revenue / nullif(last_year.list_revenue, 0) as before
    from this_year left join last_year using (customer_id)
)

select
    customer_id as account_id,
    customer_name as account_name,
    first_order as customer_since,
    -- a customer without an order in the year brought nothing: that is known, and zero
    round(coalesce(this_year.revenue, 0), 2) as revenue_ttm,
    round(coalesce(last_year.revenue, 0), 2) as revenue_prior_ttm,
    -- the place from below among all customers, as a share; customers of equal revenue share the lowest of their places
    round(rank() over (order by coalesce(this_year.revenue, 0)) / count(*) over (), 6) as revenue_rank_pct,
    round(1 - this_year.cost / nullif(this_year.revenue, 0), 6) as gross_margin_pct,
    round(discounts.now, 6) as avg_discount_pct,
    -- in points of discount a year; not known without orders in both years
    round(discounts.now - discounts.before, 6) as discount_trend,
    case when this_year.customer_id is null then 0 else this_year.offerings end as offering_count,
    -- of the revenue of the year, the part of the offering that brought most
    round(largest_offering.share, 6) as top_offering_share,
    coalesce(this_year.orders, 0) as order_count
from customers
left join this_year using (customer_id)
left join last_year using (customer_id)
left join largest_offering using (customer_id)
left join discounts using (customer_id)
