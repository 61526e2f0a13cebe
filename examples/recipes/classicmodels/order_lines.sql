-- Order lines, as the recipe order_lines reads them.
select
    'CM' || orders.customerNumber as customer_id,
    customers.customerName as customer_name,
    orders.orderNumber as order_id,
    orders.orderDate as order_date,
    orderdetails.productCode as product,
    products.productLine as product_family,
    orderdetails.quantityOrdered as quantity,
    orderdetails.priceEach as unit_price,
    products.MSRP as list_price,
    products.buyPrice as unit_cost
from orderdetails
join orders using (orderNumber)
join products using (productCode)
join customers using (customerNumber)
-- a cancelled order brought nothing; disputed ones and those on hold are orders
where orders.status <> 'Cancelled'
