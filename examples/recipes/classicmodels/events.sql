-- The orders only: the record begins in 2003 with customers of long standing, so that the first order of a
-- product line in it need not be the customer's first.
select * from placed
