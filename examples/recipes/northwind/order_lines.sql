-- Order lines, as the recipe order_lines reads them. The database keeps prices and discounts as floats
-- (9.80000019 for 9.80): rounded here to the cents and the points they stand for.
select
    orders.customer_id,
    customers.company_name as customer_name,
    orders.order_id,
    orders.order_date,
    products.product_name as product,
    categories.category_name as product_family,
    order_details.quantity,
    round(order_details.unit_price, 2) * (1 - round(order_details.discount, 2)) as unit_price,
    round(order_details.unit_price, 2) as list_price
from order_details
join orders using (order_id)
join customers using (customer_id)
join products using (product_id)
left join categories using (category_id)
