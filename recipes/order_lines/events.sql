-- What happened: each order, and the first order of each product family. At the beginning of the record
-- every family is new: read offering_first_bought only where the record goes back further than its window.
select * from placed

union all by name

select
    customer_id as account_id,
    min(order_day) as date,
    'offering_first_bought' as event,
    product_family as family
from lines
where product_family is not null
group by customer_id, product_family
