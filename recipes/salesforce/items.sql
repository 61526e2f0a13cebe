-- The products of won opportunities, one row a line.
select
    o.account_id,
    o.id as opportunity_id,
    o.closed_on,
    i."Product2.Family" as family,
    -- an offering is a product family; a line without family counts under its product
    coalesce(i."Product2.Family", i.Product2Id) as offering,
    i.TotalPrice as amount,
    i.Quantity * i.ListPrice as list_amount
from OpportunityLineItem as i
join opportunities as o on o.id = i.OpportunityId
where o.state = 'won'
