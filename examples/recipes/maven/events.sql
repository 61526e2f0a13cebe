-- What was won and lost, on the day it closed, and what is open, on the day it was opened.
select
    account as account_id,
    case state when 'open' then opened_on else closed_on end as date,
    case state when 'open' then 'opportunity_opened' when 'Won' then 'opportunity_won' else 'opportunity_lost' end
        as event,
    amount,
    offering,
    opportunity_id as reference
from opportunities
where state <> 'open' or opened_on is not null
