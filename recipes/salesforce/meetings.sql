-- Meetings that took place, each with the person met, numbered for each person.
select
    e.Id as id,
    e.AccountId as account_id,
    e.ActivityDate as day,
    e.WhoId as contact_id,
    c.Title as title,
    row_number() over (partition by e.WhoId order by e.ActivityDate, e.Id) as nth
from Event as e
left join Contact as c on c.Id = e.WhoId
where e.ActivityDate <= $as_of and e.AccountId in (select Id from Account)
