-- What the export dates. An escalation is dated by the day its case was opened: the CRM does not tell the day it rose.
-- what an opportunity is worth may have changed since it was opened: its amount is told when it closes
select account_id, opened_on as date, 'opportunity_opened' as event, id as reference
from opportunities

union all by name

select
    o.account_id,
    o.closed_on as date,
    case o.state when 'won' then 'opportunity_won' else 'opportunity_lost' end as event,
    o.amount,
    o.division,
    -- the first win of a division in the record
    case when o.state = 'won' and o.division is not null then row_number() over (
        partition by o.account_id, o.division, o.state order by o.closed_on, o.id) = 1 end as new_division,
    case o.state when 'won' then o.sole_source end as sole_source,
    case o.state when 'lost' then o.reason end as reason,
    -- where a won opportunity is of one offering only
    case o.state when 'won' then single.offering end as offering,
    o.id as reference
from opportunities as o
left join (
    select opportunity_id, min(offering) as offering
    from items
    group by opportunity_id
    having count(distinct offering) = 1
) as single on single.opportunity_id = o.id
where o.state <> 'open'

union all by name

select account_id, min(closed_on) as date, 'offering_first_bought' as event, family
from items
where family is not null
group by account_id, family

union all by name

-- executives are told by their title; "new" is the first meeting with that person in the record
select
    account_id,
    day as date,
    'executive_met' as event,
    contact_id as contact,
    nth = 1 as new,
    id as reference
from meetings
where
    regexp_matches(title, '\b(chief|c[efioptm]o|president|vp|managing director|executive director)\b', 'i')
    and not regexp_matches(title, '\bassistant\b', 'i')

union all by name

select
    account_id,
    day as date,
    'contact_made' as event,
    'meeting' as channel,
    id as reference
from meetings

union all by name

-- calls and messages that are done; a mere task is no contact
select
    AccountId as account_id,
    ActivityDate as date,
    'contact_made' as event,
    lower(TaskSubtype) as channel,
    case CallType when 'Inbound' then true when 'Outbound' then false end as inbound,
    Id as reference
from Task
where
    IsClosed and TaskSubtype in ('Call', 'Email') and ActivityDate <= $as_of
    and AccountId in (select Id from Account)

union all by name

select AccountId as account_id, CreatedDate as date, 'escalation' as event, Id as reference
from "Case"
where IsEscalated and AccountId in (select Id from Account)
