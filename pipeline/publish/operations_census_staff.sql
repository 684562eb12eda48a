-- Who is responsible, without names.
SELECT
    staff_id,
    institution_id,
    order_no,
    order_on,
    trained_on
FROM staff
