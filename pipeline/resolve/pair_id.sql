-- Id of two cases in their order, the same every night.
CREATE OR REPLACE MACRO pair_id(left_case_id, right_case_id) AS left(keyed_id(left_case_id || chr(10) || right_case_id), 12);
