-- The orders only: the record begins in July 1996 with customers of long standing, so that the first order of a
-- category in it need not be the customer's first.
select * from placed
