-- The lines with their amounts, one row a line, each on the day of its order.
select
    customer_id,
    customer_name,
    order_id,
    -- an order has one day: that of its first line
    min(order_date) over (partition by customer_id, order_id) as order_day,
    product_family,
    -- an offering is a product family; a line without family counts under its product
    coalesce(product_family, product) as offering,
    quantity * unit_price as amount,
    -- what the line would have brought without discount; not known where neither the list price nor the discount is
    case
        when list_price is not null then quantity * list_price
        when discount_pct < 1 then quantity * unit_price / (1 - discount_pct)
    end as list_amount,
    quantity * unit_cost as cost
from order_lines
