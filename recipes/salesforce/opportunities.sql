-- The opportunities of accounts as they stood on the day asked about. One without an account says nothing of any.
with

primary_contacts as (
    select r.OpportunityId, min(c.Department) as department
    from OpportunityContactRole as r join Contact as c on c.Id = r.ContactId
    where r.IsPrimary
    group by r.OpportunityId
)

select
    o.Id as id,
    o.AccountId as account_id,
    o.CreatedDate as opened_on,
    -- what closed after the day was open on it
    case when o.IsClosed and o.CloseDate <= $as_of then o.CloseDate end as closed_on,
    case when not o.IsClosed or o.CloseDate > $as_of then 'open' when o.IsWon then 'won' else 'lost' end as state,
    o.Amount as amount,
    -- the buying centre: the field where you keep one, else the department of the main contact
    coalesce(o.Buying_Center__c, p.department) as division,
    o.Sole_Source__c as sole_source,
    -- the reasons that rules know; any other text is `other`
    case
        when lower(o.Loss_Reason__c) in ('price', 'product', 'service', 'relationship', 'timing')
            then lower(o.Loss_Reason__c)
        when o.Loss_Reason__c is not null then 'other'
    end as reason
from Opportunity as o
left join primary_contacts as p on p.OpportunityId = o.Id
where o.AccountId in (select Id from Account)
