-- The events order_placed, one row an order.
select
    customer_id as account_id,
    order_day as date,
    'order_placed' as event,
    round(sum(amount), 2) as amount,
    case when count(list_amount) = count(*) then round(1 - sum(amount) / nullif(sum(list_amount), 0), 6) end
        as discount_pct,
    case when count(offering) = count(*) then count(distinct offering) end as offerings,
    order_id as reference
from lines
group by customer_id, order_id, order_day
